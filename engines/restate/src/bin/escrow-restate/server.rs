//! A Restate server from npm in a folder of its own, and processes that serve it. All of them end with whoever started them.

use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

pub type Done<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The version that is installed where none is there.
const PACKAGE: &str = "@restatedev/restate-server@1.7.12";

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// The server's program: in `target/tools/restate`, where npm puts it unless it is there. `None`: there is no npm, or no way
/// to its registry.
pub fn program() -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/restate");
    installed(&tools).or_else(|| {
        fs::create_dir_all(&tools).ok()?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&tools).arg(PACKAGE);
        npm.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
        installed(&tools)
    })
}

fn installed(tools: &Path) -> Option<PathBuf> {
    let packages = fs::read_dir(tools.join("node_modules/@restatedev")).ok()?;
    let programs = packages.filter_map(|package| Some(package.ok()?.path().join("bin/restate-server")));
    programs.into_iter().find(|program| program.is_file())
}

/// A port that is free now.
pub fn port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A process that is killed when it is dropped.
pub struct Process(Child);

impl Process {
    /// `kill -9`.
    pub fn kill(&mut self) -> io::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// The server: its ports, and its folder.
pub struct Server {
    program: PathBuf,
    folder: PathBuf,
    name: String,
    ingress: u16,
    admin: u16,
    node: u16,
    settings: Vec<(String, String)>,
    process: Option<Process>,
    http: Agent,
}

impl Server {
    /// One node that knows no other.
    pub fn start(program: &Path, folder: &Path) -> Done<Self> {
        let mut server = Self::node(program, folder, "n1", port()?)?;
        server.restart()?;
        Ok(server)
    }

    /// A node that is not started yet.
    pub fn node(program: &Path, folder: &Path, name: &str, node: u16) -> Done<Self> {
        let http = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        Ok(Self {
            program: program.to_owned(),
            folder: folder.to_owned(),
            name: name.to_owned(),
            ingress: port()?,
            admin: port()?,
            node,
            settings: Vec::new(),
            process: None,
            http: http.into(),
        })
    }

    /// A setting of the server's, as its environment variable.
    #[allow(dead_code, reason = "the tests have several nodes, and the demonstration has one")]
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.settings.push((name.to_owned(), value.into()));
    }

    /// Starts it, with what it had stored, and waits until it answers.
    pub fn restart(&mut self) -> Done<()> {
        self.spawn()?;
        self.ready()
    }

    pub fn spawn(&mut self) -> Done<()> {
        let log =
            File::options().create(true).append(true).open(self.folder.join(format!("{}.log", self.name)))?;
        let mut command = Command::new(&self.program);
        command
            .args(["--no-logo", "--bind-ip", "127.0.0.1", "--advertised-host", "127.0.0.1"])
            .args(["--listen-mode", "tcp", "--node-name", &self.name])
            .args(["--bind-port", &self.node.to_string(), "--base-dir"])
            .arg(self.folder.join(&self.name))
            .env("DO_NOT_TRACK", "1")
            .env("RESTATE_DISABLE_TELEMETRY", "true")
            .env("RESTATE_DEFAULT_NUM_PARTITIONS", "4")
            .env("RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE", "256MB")
            .env("RESTATE_INGRESS__BIND_ADDRESS", format!("127.0.0.1:{}", self.ingress))
            .env("RESTATE_ADMIN__BIND_ADDRESS", format!("127.0.0.1:{}", self.admin))
            // what is interrupted is taken up again soon
            .env("RESTATE_WORKER__INVOKER__RETRY_POLICY__MAX_INTERVAL", "500ms")
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdout(log.try_clone()?)
            .stderr(log);
        self.process = Some(Process(command.spawn()?));
        Ok(())
    }

    /// Waits until it answers.
    pub fn ready(&self) -> Done<()> {
        let ingress = format!("http://127.0.0.1:{}/restate/health", self.ingress);
        let admin = format!("http://127.0.0.1:{}/health", self.admin);
        wait_for("the server", || {
            let well = |url| self.http.get(url).call().is_ok_and(|answer| answer.status() == 200);
            well(&ingress) && well(&admin)
        })
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> Done<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }

    /// Tells it of an endpoint: new invocations go there.
    pub fn register(&self, port: u16) -> Done<()> {
        let url = format!("http://127.0.0.1:{}/deployments", self.admin);
        let uri = json!({ "uri": format!("http://127.0.0.1:{port}"), "force": true });
        let mut last = String::new();
        wait_for("the registration", || match self.http.post(&url).send_json(&uri) {
            Ok(answer) if answer.status().is_success() => true,
            Ok(mut answer) => {
                last = answer.body_mut().read_to_string().unwrap_or_default();
                false
            }
            Err(error) => {
                last = error.to_string();
                false
            }
        })
        .map_err(|e| format!("{e}: {last}").into())
    }

    /// Calls a handler: the status, and what it answers. `key`: the same key is the same call.
    pub fn call(&self, path: &str, body: &Value, key: Option<&str>) -> Done<(u16, Value)> {
        let url = format!("http://127.0.0.1:{}/{path}", self.ingress);
        let mut request = self.http.post(url);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        // a handler without an input takes none
        let mut answer = if body.is_null() { request.send_empty()? } else { request.send_json(body)? };
        let status = answer.status().as_u16();
        let text = answer.body_mut().read_to_string()?;
        if text.is_empty() {
            return Ok((status, Value::Null));
        }
        let value: Value = serde_json::from_str(&text)?;
        // a rejection comes as a text in the server's own envelope
        let problem = value.get("message").and_then(Value::as_str).map(serde_json::from_str::<Value>);
        Ok((status, problem.and_then(Result::ok).unwrap_or(value)))
    }
}

/// An endpoint in a process of its own.
pub fn endpoint(program: &Path, port: u16, folder: &Path, edition: &str) -> Done<Process> {
    let log = File::options().create(true).append(true).open(folder.join("endpoint.log"))?;
    let mut command = Command::new(program);
    command.args(["serve", &port.to_string()]).arg(folder).arg(edition).stdout(log.try_clone()?).stderr(log);
    let process = Process(command.spawn()?);
    wait_for("the endpoint", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())?;
    Ok(process)
}

/// Waits until something is so, and not for a time.
#[expect(clippy::disallowed_methods, reason = "it waits for processes, and not inside a deal")]
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) -> Done<()> {
    let begun = Instant::now();
    while !is_so() {
        if begun.elapsed() > PATIENCE {
            return Err(format!("{what}: still not so after {PATIENCE:?}").into());
        }
        sleep(Duration::from_millis(50));
    }
    Ok(())
}
