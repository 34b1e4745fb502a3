//! How far an ingest or a long run of questions is, told to whoever watches: a bar on a terminal, a line every few seconds otherwise.

use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use taproot_schemas::job::{Progress, Stage};
use tokio::sync::watch;

use super::output::Output;

const LINE_EVERY: Duration = Duration::from_secs(5);
const REDRAW_EVERY: Duration = Duration::from_millis(100);

/// Shows progress until the ingest drops its end of the channel.
pub async fn show(output: Output, progress: watch::Receiver<Progress>) {
    if output.is_watched() { draw(progress).await } else { print(output, progress).await }
}

async fn draw(mut progress: watch::Receiver<Progress>) {
    let bar = ProgressBar::new(0).with_style(style());
    bar.enable_steady_tick(REDRAW_EVERY);
    while progress.changed().await.is_ok() {
        let now = *progress.borrow_and_update();
        bar.set_length(now.files_total);
        bar.set_position(now.files_done);
        bar.set_message(line(&now));
    }
    bar.finish_and_clear();
}

fn style() -> ProgressStyle {
    // Should the template ever be wrong, a plain bar is better than none; a test says that it is right.
    ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar())
}

const TEMPLATE: &str = "{spinner} {wide_bar} {pos}/{len} files · {msg}";

async fn print(output: Output, mut progress: watch::Receiver<Progress>) {
    let mut tick = tokio::time::interval(LINE_EVERY);
    tick.tick().await;
    loop {
        tick.tick().await;
        match progress.has_changed() {
            Ok(true) => {
                let now = *progress.borrow_and_update();
                output.tell(&format!("{}/{} files · {}", now.files_done, now.files_total, line(&now)));
            }
            Ok(false) => {}
            Err(_) => return,
        }
    }
}

fn line(progress: &Progress) -> String {
    let Progress { stage, documents, chunks, chunks_per_second, bytes_per_second, eta_s, .. } = *progress;
    let doing = match stage {
        Stage::Waiting => return "waiting for its turn".into(),
        Stage::Scanning => return "looking for files".into(),
        Stage::Planning => return "comparing with what is known".into(),
        Stage::Reading => "",
        Stage::Finishing => " · finishing",
        Stage::Done => " · done",
    };
    let mut line = format!("{documents} documents · {chunks} chunks");
    if chunks_per_second > 0.0 {
        line.push_str(&format!(" · {chunks_per_second:.0}/s · {}/s", HumanBytes(bytes_per_second as u64)));
    }
    line.push_str(doing);
    if let Some(seconds) = eta_s.and_then(|seconds| Duration::try_from_secs_f32(seconds).ok()) {
        line.push_str(&format!(" · {} left", HumanDuration(seconds)));
    }
    line
}

/// How many of a known number of things are done: a bar on a terminal, a line every few seconds otherwise.
pub struct Count {
    output: Output,
    what: &'static str,
    bar: ProgressBar,
    told: Mutex<Instant>,
}

impl Count {
    pub fn start(output: &Output, what: &'static str, total: usize) -> Self {
        let bar = if output.is_watched() { ProgressBar::new(total as u64) } else { ProgressBar::hidden() };
        bar.set_length(total as u64);
        bar.set_style(ProgressStyle::with_template(COUNT).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        Self { output: *output, what, bar, told: Mutex::new(Instant::now()) }
    }

    pub fn step(&self) {
        self.bar.inc(1);
        let mut told = self.told.lock();
        if !self.output.is_watched() && told.elapsed() >= LINE_EVERY {
            *told = Instant::now();
            let total = self.bar.length().unwrap_or_default();
            self.output.tell(&format!("{}: {} of {total}", self.what, self.bar.position()));
        }
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

const COUNT: &str = "{wide_bar} {pos}/{len} · {msg} · {eta} left";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_of_the_bars_are_valid() {
        assert!([TEMPLATE, COUNT].iter().all(|template| ProgressStyle::with_template(template).is_ok()));
    }

    #[test]
    fn each_stage_says_what_it_does() {
        let mut progress = Progress { stage: Stage::Scanning, ..Progress::default() };
        assert_eq!(line(&progress), "looking for files");
        progress = Progress { stage: Stage::Reading, documents: 3, chunks: 12, ..progress };
        assert_eq!(line(&progress), "3 documents · 12 chunks");
        progress = Progress { chunks_per_second: 40.4, bytes_per_second: 2048.0, eta_s: Some(61.0), ..progress };
        assert_eq!(line(&progress), "3 documents · 12 chunks · 40/s · 2.00 KiB/s · 61 seconds left");
        progress = Progress { stage: Stage::Done, eta_s: None, ..progress };
        assert_eq!(line(&progress), "3 documents · 12 chunks · 40/s · 2.00 KiB/s · done");
    }
}
