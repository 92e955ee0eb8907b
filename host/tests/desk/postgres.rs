//! The program on PostgreSQL, with a worker in a process of its own. Skipped where there is no server to start.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio_postgres::NoTls;

use crate::program::{Running, fill, program, sign_in, wait_for};

/// A server in a folder of its own, on a socket of its own.
struct Server {
    programs: PathBuf,
    folder: PathBuf,
    /// The server refuses to be run by root.
    user: Option<&'static str>,
}

/// Where `initdb` and `pg_ctl` are: the newest of Debian's.
fn programs() -> Option<PathBuf> {
    let all = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<PathBuf> = all.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
    found.sort();
    found.into_iter().rev().find(|folder| folder.join("pg_ctl").exists() && folder.join("initdb").exists())
}

impl Server {
    fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = std::env::temp_dir().join(format!("escrow-desk-pg-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let id = Command::new("id").arg("-u").output().unwrap();
        let user = (id.stdout.trim_ascii() == b"0").then_some("postgres");
        if let Some(user) = user {
            assert!(Command::new("chown").arg(user).arg(&folder).status().unwrap().success());
        }
        let server = Self { programs, folder, user };
        server.run("initdb", &["--auth=trust", "--username=escrow", "--no-sync"], &[]);
        // durability is the server's business, and not tried here
        let options = format!("-k {} -c listen_addresses= -c fsync=off", server.folder.display());
        server.run("pg_ctl", &["start", "--wait", "--silent"], &["-o", &options, "-l", "/dev/null"]);
        Some(server)
    }

    fn command(&self, name: &str) -> Command {
        let name = self.programs.join(name);
        let Some(user) = self.user else { return Command::new(name) };
        let mut command = Command::new("runuser");
        command.args(["-u", user, "--"]).arg(name);
        command
    }

    fn run(&self, name: &str, before: &[&str], after: &[&str]) {
        let mut command = self.command(name);
        command.args(before).arg("-D").arg(self.folder.join("data")).args(after);
        assert!(command.stdout(Stdio::null()).current_dir("/").status().unwrap().success(), "{name} failed");
    }

    fn url(&self) -> String {
        format!("host={} user=escrow dbname=postgres", self.folder.display())
    }

    async fn status(&self, deal: &str) -> String {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        let id = deal.rsplit('/').next().unwrap();
        client.query_one("SELECT status FROM machines WHERE id = $1", &[&id]).await.unwrap().get(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "--silent", "--mode=immediate", "-D"]).arg(self.folder.join("data"));
        let _stopped = stop.current_dir("/").status();
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _stopped = self.0.kill();
        let _over = self.0.wait();
    }
}

impl Worker {
    fn start(data: &Path, database: &str) -> Self {
        let mut command = program(data, Some(database));
        Self(command.arg("--worker").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deals_are_in_the_database_and_a_worker_of_another_process_finishes_them() {
    let Some(server) = Server::start() else {
        println!("skipped: PostgreSQL is not installed (Debian: apt install postgresql)");
        return;
    };
    let (url, data) = (server.url(), server.folder.join("desk"));
    // the bank's first answers are lost: somebody has to ask again
    let desk = Running::with(&data, &["--bank-loses", "1000"], Some(&url));
    let (anna, boris) = (sign_in(&desk, 0), sign_in(&desk, 1));
    let typed = "other=boris&i_am=buyer&name-0=Lamp&price-0=100&template=work&currency=EUR";
    let deal = fill(&desk, &anna, "/deals/new", "/deals/new", typed, true).unwrap();
    fill(&desk, &boris, &deal, &format!("{deal}/do/agree"), "", true);
    let bank = fill(&desk, &anna, &deal, &format!("{deal}/pay/buyer_payment"), "", true).unwrap();
    fill(&desk, &anna, &bank, &bank, "do=pay", true);
    wait_for(&desk, &anna, &deal, "Paid, not started");
    fill(&desk, &boris, &deal, &format!("{deal}/do/start_performing"), "", true);
    fill(&desk, &anna, &deal, &format!("{deal}/do/accept"), "", true);
    desk.kill();
    assert_eq!(server.status(&deal).await, "settling");
    assert!(!data.join("deals.db").exists());

    let worker = Worker::start(&data, &url);
    for _ in 0..600 {
        if server.status(&deal).await == "completed" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(server.status(&deal).await, "completed");
    drop(worker);
    // sessions and deals are there for the next process, too
    let desk = Running::with(&data, &[], Some(&url));
    wait_for(&desk, &anna, &deal, "Completed");
}
