//! LaTeX: the text of a paper or manual, without typesetting it.
//!
//! Read are sections, paragraphs, items, tables, captions, footnotes (in their place), formulas as they are written, and
//! what `\title`, `\author` and `\date` say. Macros without arguments are put in. Left out are comments (noted as hidden
//! text), the preamble, pictures, and commands that only say how something looks. Files that `\input` names are files of
//! their own.

mod reader;
mod tokens;

use super::encoding::decode;
use super::text::{TextBuilder, normalized};
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};

pub(crate) const MEDIA_TYPE: &str = "application/x-tex";

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let text = decode(source.bytes, None)?;
    let mut reader = reader::Reader::new(TextBuilder::new(source.limits.max_document_chars));
    reader.read(&text);
    let metadata = reader.author.iter().map(|author| ("author".to_owned(), normalized(author).into())).collect();
    let title = reader.title.as_deref().map(normalized).filter(|title| !title.is_empty());
    let document = ParsedDocument { title, metadata, ..reader.finish()?.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, document, survives_mutations};

    const PAPER: &str = r#"\documentclass{article} % class
\usepackage[utf8]{inputenc}
\newcommand{\name}{Taproot\xspace}
\def\both{\name\ and \name}
\title{On \name}
\author{Ann \and 李雷\thanks{x}}
\begin{document}
\maketitle
\begin{abstract}Short, 10\% of \both{}.\end{abstract}
% a remark
\section{One \textbf{bold} word}\label{sec:one}
See \href{https://x.example}{the page}~\cite[p.~3]{lee}, ``quoted''---so\footnote{A note.} and $a_1 \le b$.

年假
规定。
\subsection*{Two}
\begin{itemize}
\item First
\item[Second] thing
\end{itemize}
\begin{table}\centering
\caption{Days}
\begin{tabular}{l|r}
\hline Grade & Days \\ \hline
A \& B & \multicolumn{1}{c}{15} \\
\end{tabular}\end{table}
\begin{verbatim}
x = 1 % kept
  y
\end{verbatim}
\includegraphics[width=3cm]{a.png} Caf\'e na\"{\i}ve \o re.
\end{document}
after"#;

    #[test]
    fn a_paper() {
        check(
            "a.tex",
            PAPER,
            "h1: Abstract\np: Short, 10% of Taproot and Taproot.\nh1: One bold word\n\
             p: See the page [lee], “quoted”—so (A note.) and $a_1 \\le b$.\np: 年假规定。\nh2: Two\nli: First\n\
             li: Second thing\np: Days\ntr: Grade | Days\ntr^1: A & B | 15\ncode: x = 1 % kept⏎  y\np: Café naïve øre.",
        );
        let document = document("a.tex", PAPER.as_bytes());
        assert_eq!(document.title.as_deref(), Some("On Taproot"));
        assert_eq!(document.metadata["author"], "Ann, 李雷");
        assert_eq!(document.links[0].url, "https://x.example");
        assert_eq!(serde_json::to_value(&document.notes).unwrap(), serde_json::json!({"hidden_text": 2}));
    }

    #[test]
    fn a_chapter_without_a_preamble() {
        check("a.tex", "\\chapter{Leave}\nText {\\em of} it.\n\n\\[ x^2 \\]\n", "h1: Leave\np: Text of it.\np: x^2");
    }

    #[test]
    fn macros_cannot_grow_without_end() {
        let level = |name: char, inner: char| format!("\\def\\q{name}{{{}}}", format!("\\q{inner}").repeat(8));
        let levels: String = "bcdef".chars().zip("abcde".chars()).map(|(name, inner)| level(name, inner)).collect();
        let bomb = format!("\\def\\qa{{x}}{levels}\\def\\qg{{\\qf\\qg\\qg}}\\qg ");
        let text = document("a.tex", format!("{bomb}{}", "{".repeat(100_000)).as_bytes()).text;
        assert!(text.len() < 10_000, "{}", text.len());
    }

    #[test]
    fn broken_files_do_no_harm() {
        survives_mutations("a.tex", PAPER.as_bytes());
    }
}
