//! Errors as callers see them: one table gives each code its HTTP status and its hint.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of every HTTP answer that is not a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    pub error: ErrorDetail,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorDetail {
    pub code: ErrorCode,
    /// What happened, in this case.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    pub request_id: String,
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $hint:literal;)*) => {
        /// Every error code that a caller can meet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// HTTP status.
            pub fn status(self) -> u16 {
                match self { $(ErrorCode::$name => $status,)* }
            }

            /// What to do, when the place that failed knows nothing better.
            pub fn hint(self) -> &'static str {
                match self { $(ErrorCode::$name => $hint,)* }
            }
        }
    };
}

error_codes! {
    /// The body or a parameter does not have the documented form.
    InvalidRequest = 400, "compare the request with /openapi.json";
    /// The question or the query is empty.
    EmptyQuery = 400, "send some text to look for";
    /// The question or the query is longer than the limit.
    QueryTooLong = 400, "shorten the text";
    /// The content that arrived is not the one that was announced.
    HashMismatch = 400, "send the file again; if it is being written, compare again with POST /v1/sync/diff";
    /// A path of an upload leads out of its folder, or is no path that a file can have.
    InvalidPath = 400, "send paths below the folder, with / between the parts and without . and ..";
    /// The signature of a Slack request is missing, wrong or too old.
    BadSignature = 401, "check the signing secret and the clock of this machine";
    /// Nobody is signed in, or what was shown is of no use any more.
    Unauthorized = 401, "send Authorization: Bearer KEY, or sign in at the page";
    /// The key to sign in with is not one of this server, or is of no use any more.
    InvalidKey = 401, "ask an administrator of this server for a key";
    /// The caller may not do this.
    Forbidden = 403, "ask an administrator of this server";
    /// The page's origin is not allowed to call this server.
    OriginNotAllowed = 403, "add the page's origin to server.allowed_origins";
    /// The Host header names another machine.
    HostNotAllowed = 403, "add the host name to server.allowed_hosts";
    /// There is no such document, or the caller may not see it.
    DocumentNotFound = 404, "list the documents with GET /v1/documents";
    /// There is no such conversation, it is over, or it is another's.
    ConversationNotFound = 404, "leave conversation_id out to begin a new one; your own are at GET /v1/conversations";
    /// There is no such answer that was kept, or it is another's.
    AnswerNotFound = 404, "only answers that are kept can be rated or passed on: ask without keep: false, and take the answer's id";
    /// There is no such evaluation, or the caller may not see what it saw.
    EvaluationNotFound = 404, "list the evaluations with GET /v1/evaluations";
    /// There is no such topic of questions; its questions may be deleted.
    TopicNotFound = 404, "list the topics with GET /v1/questions";
    /// The original file is no longer where it was ingested from.
    OriginalGone = 404, "ingest the folder again, or read the extracted text";
    /// There is no such key.
    KeyNotFound = 404, "list the keys with GET /v1/keys";
    /// There is no such user.
    UserNotFound = 404, "list the users with GET /v1/users";
    /// There is no such job.
    JobNotFound = 404, "list the jobs with GET /v1/jobs";
    /// There is no such source in the settings.
    SourceNotFound = 404, "name a source of the settings file, or give a path";
    /// There is no such collection, or the caller may not see anything in it.
    CollectionNotFound = 404, "name a collection that holds documents which you may read";
    /// There is no such model here, or it is of another kind.
    ModelNotFound = 404, "list the models with GET /v1/models";
    /// There is no such route.
    RouteNotFound = 404, "the routes are in /openapi.json";
    /// The route exists, with other methods.
    MethodNotAllowed = 405, "the methods of each route are in /openapi.json";
    /// Several documents have this uri.
    AmbiguousUri = 409, "use the document's id";
    /// The request that first came with this Idempotency-Key is being worked on.
    IdempotencyKeyInUse = 409, "wait, and send the same again to get its answer";
    /// An ingest of the same folder is running.
    AlreadyRunning = 409, "wait for the running job, or follow it at /v1/jobs";
    /// The source has lost more than half of its files; nothing was deleted.
    TooManyDeletions = 409, "check that the folder is mounted and complete; if it is, run again with confirm_delete (--confirm-delete)";
    /// Contents of the manifest have not been sent.
    ContentMissing = 409, "ask POST /v1/sync/diff which contents are missing, send them, and commit again";
    /// The body is larger than the limit.
    BodyTooLarge = 413, "send less in one request";
    /// The body is not of the type that the route takes.
    UnsupportedMediaType = 415, "send application/json, or multipart/form-data where files are uploaded";
    /// The folder cannot be read.
    UnreadablePath = 422, "check that the path exists on the server and may be read";
    /// This Idempotency-Key came with another body before.
    IdempotencyKeyReused = 422, "draw a new key for each thing to be made, and keep it for sending the same again";
    /// The caller has asked more than it may at a time, in a minute or in a day.
    RateLimited = 429, "try again after the seconds given in Retry-After";
    /// More requests are waiting than the queue holds.
    Overloaded = 429, "try again after the seconds given in Retry-After";
    /// Something failed inside; the log has the cause under the request id.
    Internal = 500, "look for the request id in the server's log";
    /// The disk of the data directory is full.
    StorageFull = 507, "make room on the disk of the data directory, then send the same again";
    /// The server is starting or stopping.
    NotReady = 503, "wait until /readyz answers 200";
    /// The issuer of sign-ins does not answer, or not as it should.
    IssuerUnavailable = 503, "try again later; the server's log says what is wrong, and [oidc] in the settings names the issuer";
    /// The model that was asked for by mode does not answer.
    UpstreamUnavailable = 503, "ask without a mode, or later; the server's log says what is wrong, docs/upstream.md what to set";
    /// A store that the server depends on does not answer.
    StoreUnavailable = 503, "check the store named in the message, then run taproot doctor";
}
