//! `taproot ask Q` and `taproot ask --batch QUESTIONS.jsonl`

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use futures_util::{StreamExt, TryStreamExt};
use taproot_schemas::answer::{Answer, AskRequest, Status};

use super::batch::{self, QuestionLine};
use super::narrow::Narrow;
use super::output::{Output, place};
use super::session::Session;
use crate::config::Config;
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub struct Ask {
    /// The question
    #[arg(required_unless_present = "batch", conflicts_with = "batch", value_name = "Q")]
    question: Option<String>,
    /// Go on with the conversation of this id, as an answer has it
    #[arg(long, conflicts_with = "batch", value_name = "ID")]
    conversation: Option<String>,
    /// Questions, one JSON object a line: {"id", "question"}; prints one answer a line, in order
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// Write the answers of a batch here instead of to standard output
    #[arg(long, value_name = "FILE", requires = "batch")]
    out: Option<PathBuf>,
    #[command(flatten)]
    narrow: Narrow,
}

impl Ask {
    pub async fn run(self, config: &Config, output: &Output) -> Result<()> {
        if let Some(questions) = &self.batch {
            return run_batch(questions, self.out.as_deref(), &self.narrow, config, output).await;
        }
        let request = AskRequest {
            question: self.question.unwrap_or_default(),
            conversation_id: self.conversation,
            collections: self.narrow.collections(),
            filters: self.narrow.filters(),
            ..AskRequest::default()
        };
        let session = Session::open(config, output).await?;
        let answer = session.ask(&request).await?;
        session.close().await?;
        output.result(&answer, human)
    }
}

async fn run_batch(
    questions: &Path,
    out: Option<&Path>,
    narrow: &Narrow,
    config: &Config,
    output: &Output,
) -> Result<()> {
    let questions = batch::read::<QuestionLine>(questions)?;
    let unwritable = |source| Error::OutputFile { path: out.unwrap_or(Path::new("-")).to_path_buf(), source };
    let mut file = out.map(File::create).transpose().map_err(unwritable)?;
    let session = Session::open(config, output).await?;
    let answers = futures_util::stream::iter(questions)
        .map(|line| ask_line(&session, line, narrow))
        // As many as there are threads to work on them; they come out in the order of the file.
        .buffered(config.threads);
    answers
        .try_for_each(|answer| {
            std::future::ready(match &mut file {
                None => output.json_line(&answer),
                Some(file) => serde_json::to_vec(&answer)
                    .map_err(Into::into)
                    .and_then(|line| file.write_all(&[&line, b"\n".as_slice()].concat()))
                    .map_err(unwritable),
            })
        })
        .await?;
    session.close().await
}

async fn ask_line(session: &Session, line: QuestionLine, narrow: &Narrow) -> Result<Answer> {
    let request = AskRequest {
        question: line.question,
        // A question of a batch stands for itself.
        keep: Some(false),
        collections: narrow.collections(),
        filters: narrow.filters(),
        ..AskRequest::default()
    };
    let answer = session.ask(&request).await?;
    Ok(Answer { question_id: Some(line.id.to_string()), ..answer })
}

/// The answer with its marks, then what the marks stand for.
fn human(answer: &Answer) -> String {
    let mut text = format!("{}\n", answer.answer);
    if !answer.citations.is_empty() {
        text.push_str(match answer.status {
            Status::Answered => "\nSources\n",
            Status::Abstained => "\nNearest documents\n",
        });
    }
    for citation in &answer.citations {
        let place = place(&citation.uri, citation.page, citation.heading.as_deref());
        let quote = citation.quote.split_whitespace().collect::<Vec<_>>().join(" ");
        // Writing to a String cannot fail.
        let _ = writeln!(text, "[{}] {} ({place})\n    “{quote}”", citation.n, citation.title);
    }
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\nConversation {}", answer.conversation_id);
    text
}
