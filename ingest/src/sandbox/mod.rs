//! The parser child: a process with limits that turns files into documents.

/// Runs the parser child: requests on standard input, answers on standard output, until the input ends.
pub fn run_worker() -> std::process::ExitCode {
    unimplemented!()
}
