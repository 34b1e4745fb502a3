//! `taproot ask Q` and `taproot ask --batch QUESTIONS.jsonl`

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use futures_util::{StreamExt, TryStreamExt};
use taproot_schemas::answer::{Answer, AskRequest, Mode, Status};

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
    /// Who composes: extractive, generative or upstream [default: answer.mode of the settings]
    #[arg(long, value_name = "MODE", value_parser = mode)]
    mode: Option<Mode>,
    /// 1 (answers on slight evidence) to 5 (refuses when in doubt) [default: answer.strictness of the settings]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=5))]
    strictness: Option<u8>,
    #[command(flatten)]
    narrow: Narrow,
}

fn mode(text: &str) -> std::result::Result<Mode, String> {
    let value = serde_json::Value::String(text.to_owned());
    serde_json::from_value(value).map_err(|_| "it is extractive, generative or upstream".to_owned())
}

impl Ask {
    pub async fn run(self, config: &Config, output: &Output) -> Result<()> {
        if let Some(questions) = &self.batch {
            return self.run_batch(questions, config, output).await;
        }
        let request = AskRequest {
            conversation_id: self.conversation.clone(),
            ..self.request(self.question.clone().unwrap_or_default())
        };
        let session = Session::open(config, output).await?;
        let answer = session.ask(&request).await?;
        session.close().await?;
        output.result(&answer, human)
    }

    async fn run_batch(&self, questions: &Path, config: &Config, output: &Output) -> Result<()> {
        let questions = batch::read::<QuestionLine>(questions)?;
        let out = self.out.as_deref();
        let unwritable = |source| Error::OutputFile { path: out.unwrap_or(Path::new("-")).to_path_buf(), source };
        let mut file = out.map(File::create).transpose().map_err(unwritable)?;
        let session = Session::open(config, output).await?;
        let answers = futures_util::stream::iter(questions)
            .map(|line| self.ask_line(&session, line))
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

    async fn ask_line(&self, session: &Session, line: QuestionLine) -> Result<Answer> {
        // A question of a batch stands for itself.
        let request = AskRequest { keep: Some(false), ..self.request(line.question) };
        let answer = session.ask(&request).await?;
        Ok(Answer { question_id: Some(line.id.to_string()), ..answer })
    }

    fn request(&self, question: String) -> AskRequest {
        AskRequest {
            question,
            collections: self.narrow.collections(),
            filters: self.narrow.filters(),
            mode: self.mode,
            strictness: self.strictness,
            ..AskRequest::default()
        }
    }
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
