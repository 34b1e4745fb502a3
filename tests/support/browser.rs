//! A real browser, driven over WebDriver: Chromium without a window, with a profile of its own.
//!
//! Everything on Taproot's pages lies in shadow roots, so elements are found by [`Browser::deep`].

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, mpsc};

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::{Element, ElementRef};
use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::clients::interpreter;
use super::repository;
use super::tether::Tethered;
use super::wait::{PATIENCE, eventually};

const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
    "--lang=en-US",
    "--accept-lang=en-US",
];
/// `query(selector, all)` through every open shadow root, in the order of the page.
const DEEP: &str = r"
const [selector] = arguments;
const found = [];
const walk = (root) => {
  for (const element of root.querySelectorAll('*')) {
    if (element.matches(selector)) found.push(element);
    if (element.shadowRoot) walk(element.shadowRoot);
  }
};
walk(document);
";

pub struct Browser {
    pub client: Client,
    // In this order: the driver ends before its profile is removed.
    _driver: Tethered,
    _profile: TempDir,
}

impl Browser {
    /// With a window of 1280 by 900 pixels.
    pub async fn start() -> Self {
        Self::with(json!({"args": ["--window-size=1280,900"]})).await
    }

    /// A phone with a touch screen of 360 by 640 pixels.
    pub async fn phone() -> Self {
        let metrics = json!({"width": 360, "height": 640, "pixelRatio": 2.0, "touch": true, "mobile": true});
        Self::with(json!({"mobileEmulation": {"deviceMetrics": metrics}})).await
    }

    async fn with(mut options: Value) -> Self {
        let profile = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder for the profile");
        let (driver, port) = driver();
        let mut args: Vec<Value> = FLAGS.iter().map(|flag| json!(flag)).collect();
        args.extend(options["args"].as_array().cloned().unwrap_or_default());
        args.push(json!(format!("--user-data-dir={}", profile.path().display())));
        options["args"] = Value::Array(args);
        if let Some(binary) = BROWSERS.into_iter().find_map(on_path) {
            options["binary"] = json!(binary);
        }
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&format!("http://127.0.0.1:{port}")).await;
        Self { client: client.expect("the browser starts"), _driver: driver, _profile: profile }
    }

    /// Closes the browser. Without it the driver is killed, which takes the browser along.
    pub async fn close(self) {
        self.client.close().await.expect("the browser ends");
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.expect("the page loads");
    }

    /// Runs a script; `found` are the elements that match `selector`, through all shadow roots.
    pub async fn script(&self, selector: &str, script: &str) -> Value {
        let script = format!("{DEEP}\n{script}");
        self.client.execute(&script, vec![json!(selector)]).await.expect("the script runs")
    }

    /// The same for a script that waits: what it gives, or that it failed.
    pub async fn promise(&self, script: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
            (async () => {{ {script} }})().then(done, (failure) => done(`failed: ${{failure.stack}}`));"
        );
        self.client.execute_async(&script, Vec::new()).await.expect("the script runs")
    }

    /// What axe-core finds against WCAG 2.2 AA and its own good practice, which has to be nothing.
    pub async fn is_accessible(&self, what: &str) {
        self.at_rest().await;
        let script = format!(
            "{}; const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
            const {{ violations }} = await axe.run(document, {{ runOnly: tags, resultTypes: ['violations'] }});
            return violations.map(({{ id, nodes }}) => [id, ...nodes.slice(0, 5).map(({{ target }}) => target.flat().join(' '))])",
            axe()
        );
        let found = self.promise(&script).await;
        assert_eq!(found, json!([]), "{what}");
    }

    /// A command of Chrome's own protocol.
    pub async fn chrome(&self, command: &str, parameters: Value) {
        let command = Chrome(json!({"cmd": command, "params": parameters}).to_string());
        self.client.issue_cmd(command).await.expect("Chrome does it");
    }

    /// From here on what goes over the network takes this long; `None` cuts it off.
    pub async fn network(&self, latency_ms: Option<u32>) {
        let conditions = json!({
            "offline": latency_ms.is_none(),
            "latency": latency_ms.unwrap_or(0),
            "downloadThroughput": -1,
            "uploadThroughput": -1,
        });
        self.chrome("Network.enable", json!({})).await;
        self.chrome("Network.emulateNetworkConditions", conditions).await;
    }

    /// Prefers dark colours, as the system would say it.
    pub async fn dark(&self, dark: bool) {
        let value = if dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.chrome("Emulation.setEmulatedMedia", features).await;
    }

    /// The first element that matches and is visible, as soon as there is one.
    pub async fn deep(&self, selector: &str) -> Element {
        let id = eventually(&format!("{selector} is on the page"), || async {
            let found =
                self.script(selector, "return found.find((element) => element.checkVisibility()) ?? null").await;
            found.as_object()?.values().next()?.as_str().map(str::to_owned)
        })
        .await;
        Element::from_element_id(self.client.clone(), ElementRef::from(id))
    }

    /// Waits until nothing visible matches.
    pub async fn gone(&self, selector: &str) {
        eventually(&format!("{selector} is gone"), || async {
            let found = self.script(selector, "return found.some((element) => element.checkVisibility())").await;
            (found == false).then_some(())
        })
        .await;
    }

    pub async fn click(&self, selector: &str) {
        self.deep(selector).await.click().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// The text of all that matches, put together, whether it can be seen or not.
    pub async fn text(&self, selector: &str) -> String {
        let text = self.script(selector, "return found.map((element) => element.textContent).join('')").await;
        text.as_str().expect("a text").to_owned()
    }

    /// Presses keys, whatever has the focus.
    pub async fn types(&self, text: &str) {
        let keys = text.chars().fold(KeyActions::new("keyboard".to_owned()), |keys, value| {
            keys.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        self.client.perform_actions(keys).await.expect("the keys are pressed");
    }

    pub async fn press(&self, key: Key) {
        self.types(&char::from(key).to_string()).await;
    }

    /// The `data-testid` of what has the focus, in whatever shadow root.
    pub async fn focused(&self) -> String {
        let script = "let active = document.activeElement;
            while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
            return active?.dataset?.testid ?? active?.tagName ?? ''";
        self.script("html", script).await.as_str().unwrap_or_default().to_owned()
    }

    /// How many pixels the page is wider than its window.
    pub async fn overflow(&self) -> i64 {
        let script = "const widths = found.filter((element) => element.checkVisibility())
                .map((element) => element.scrollWidth - Math.max(element.clientWidth, 1));
            const page = document.scrollingElement;
            return Math.max(page.scrollWidth - document.documentElement.clientWidth, ...widths)";
        self.script("body, main, .root, .scroll, .body, .main, .source, .page", script)
            .await
            .as_i64()
            .expect("a number")
    }

    /// Waits until all that moves has come to rest.
    async fn at_rest(&self) {
        let moving = "return found.flatMap((element) => element.getAnimations())
            .some((animation) => animation.playState === 'running' && animation.effect.getTiming().iterations !== Infinity)";
        eventually("the page is at rest", || async { (self.script("*", moving).await == false).then_some(()) }).await;
    }

    /// Saves what is to be seen as `target/screenshots/NAME.png`, when all that moves has come to rest.
    pub async fn screenshot(&self, name: &str) {
        self.at_rest().await;
        let folder = repository().join("target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        let png = self.client.screenshot().await.expect("a picture");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("the picture is written");
    }
}

/// The source of axe-core, which the set-up has fetched.
fn axe() -> &'static str {
    static SOURCE: LazyLock<String> = LazyLock::new(|| {
        let mut node = interpreter("node");
        let output = node.args(["-e", "process.stdout.write(require('axe-core').source)"]).output().expect("node runs");
        assert!(output.status.success(), "axe-core is missing; run python3 scripts/setup.py clients");
        String::from_utf8(output.stdout).expect("a text")
    });
    &SOURCE
}

/// `goog/cdp/execute` with its body.
#[derive(Debug)]
struct Chrome(String);

impl WebDriverCompatibleCommand for Chrome {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.clone()))
    }
}

/// Starts a driver on a port that it finds free.
fn driver() -> (Tethered, u16) {
    let program = on_path("chromedriver").expect("no chromedriver on PATH; run python3 scripts/setup.py browser");
    let mut command = Command::new(program);
    command.arg("--port=0");
    let mut driver = Tethered::spawn(&command, None, Stdio::piped(), Stdio::null());
    let lines = BufReader::new(driver.child.stdout.take().expect("a pipe"));
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in lines.lines().map_while(Result::ok) {
            let port =
                line.split("successfully on port ").nth(1).and_then(|rest| rest.trim_end_matches('.').parse().ok());
            if let Some(port) = port {
                let _ = sender.send(port);
            }
        }
    });
    let port = receiver.recv_timeout(PATIENCE).expect("chromedriver tells its port");
    (driver, port)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
