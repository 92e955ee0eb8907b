//! `localstripe`, a program of PyPI's that plays Stripe: started where it is installed.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Localstripe {
    process: Child,
    pub(crate) base: String,
}

impl Drop for Localstripe {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The program that a variable names, or the one of the virtual environment that `.ci/run` makes.
fn program() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools/localstripe/bin/localstripe");
    let named = std::env::var_os("ESCROW_LOCALSTRIPE").map(PathBuf::from);
    named.into_iter().chain([beside]).find(|path| path.is_file())
}

impl Localstripe {
    /// `None`, with a line that says so, where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = program() else {
            println!(
                "skipped: localstripe is not installed (python3 -m venv target/tools/localstripe && \
                 target/tools/localstripe/bin/pip install localstripe)"
            );
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(program)
            .args(["--port", &port.to_string(), "--from-scratch"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let local = Self { process, base: format!("http://127.0.0.1:{port}") };
        let patience = Instant::now() + Duration::from_secs(60);
        while ureq::get(format!("{}/v1/balance", local.base))
            .header("Authorization", "Bearer sk_test_12345")
            .call()
            .is_err()
        {
            assert!(Instant::now() < patience, "localstripe does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(local)
    }
}
