//! The description of the API against the server: schemathesis draws requests from it, right and wrong ones, and looks
//! whether each answer is one that is described, and none a failure.

use crate::support::clients::{folder, interpreter};
use crate::support::http::{Http, ok};
use crate::support::server::Server;
use crate::support::taproot::{Taproot, output_of, told};

/// What is looked at in each answer. Left out is whether everything that fits its schema is taken: a schema cannot say that a
/// folder has to be there.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,negative_data_rejection,unsupported_method,allow_header_conformance";
/// Requests of each operation that are drawn at random, beside those that go through its schema part by part.
const EXAMPLES: &str = "10";
const SEED: &str = "1";

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_described_and_none_is_a_failure() {
    let taproot = Taproot::new();
    taproot.write("leave.md", "# Leave\n\nEmployees have 25 days of leave a year.\n");
    taproot.write("假期.md", "# 假期\n\n员工每年享有二十五天带薪假期。\n");
    taproot.ingest();
    let server = Server::with(&taproot, &[("TAPROOT_LIMITS_REQUESTS_PER_MINUTE", "1000000")], None);
    let asked = serde_json::json!({"question": "How many days of leave?"});
    let _: serde_json::Value = ok(Http::to(&server).post("/v1/ask", &asked)).await;
    let hooks = "schemathesis_hooks.py";
    std::fs::copy(folder().join(hooks), taproot.root().join(hooks)).expect("a copy");
    let token = server.instance().token.expect("the lock file has a token");
    let mut command = interpreter("python");
    command
        .current_dir(taproot.root())
        .env("SCHEMATHESIS_HOOKS", "schemathesis_hooks")
        .env("FOLDER", taproot.documents_folder())
        .args(["-m", "schemathesis.cli", "run", &server.url("/openapi.json")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        // There only where Slack is set up, and then let in by Slack's signature alone.
        .args(["--exclude-path", "/slack/events"])
        // A stream that goes on as long as a job; tests/jobs.rs reads it.
        .args(["--exclude-path", "/v1/jobs/{id}/events"])
        .args(["--phases", "examples,coverage,fuzzing", "--checks", CHECKS, "--max-examples", EXAMPLES, "--seed", SEED])
        .args(["--workers", "1", "--generation-database", "none", "--no-shrink", "--continue-on-failure"])
        .args(["--warnings", "off", "--no-color"]);
    let output = tokio::task::spawn_blocking(move || output_of(command)).await.expect("it ends");
    assert!(output.status.success(), "{}", told(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    let generated = text.lines().find_map(|line| line.trim().strip_suffix(" passed")?.split(' ').next()?.parse().ok());
    println!("{text}");
    assert!(generated.is_some_and(|cases: u32| cases > 1_000), "requests were made: {text}");
}
