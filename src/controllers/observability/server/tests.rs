use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

const NEVER: Duration = Duration::from_secs(3600);

/// Well below the time-outs, and long enough for a busy machine.
const SOON: Duration = Duration::from_secs(20);

/// An answer that no socket buffer takes whole.
const LONG: usize = 64 << 20;

/// Limits that no client meets by being slow.
const PATIENT: Limits = Limits {
    connections: 16,
    request: NEVER,
    total: NEVER,
};

async fn start_server(limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    tokio::spawn(serve(listener, limits, |request| {
        let text = match request.uri().path() {
            "/long" => vec![b'x'; LONG],
            _ => b"ok\n".to_vec(),
        };
        Response::new(Full::new(Bytes::from(text)))
    }));
    address
}

async fn connect(address: SocketAddr, sends: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // It may have been closed in favour of another one.
    let _ = stream.write_all(sends.as_bytes()).await;
    stream
}

async fn probe(address: SocketAddr) -> String {
    let mut stream = connect(address, "GET /livez HTTP/1.1\r\nHost: errand\r\n\r\n").await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    // One thread: nothing else comes to the rescue.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

/// What 64 clients do that never end; no time-out helps.
#[test]
fn probes_are_answered_soon_whatever_64_other_clients_do() {
    let half = "GET /livez HTTP/1.1\r\nHost: err";
    let slow = "GET /long HTTP/1.1\r\nHost: errand\r\n\r\n";
    let pipelined = slow.repeat(100);
    let endless = format!("GET /livez HTTP/1.1\r\nX: {}", "x".repeat(200_000));
    let body = "POST /livez HTTP/1.1\r\nHost: errand\r\nContent-Length: 1000000\r\n\r\nx";
    for sends in [
        "",
        half,
        slow,
        &pipelined,
        &endless,
        body,
        "\u{16}\u{3}\u{1}",
    ] {
        block_on(async {
            let address = start_server(PATIENT).await;
            let mut others = Vec::new();
            for _ in 0..64 {
                others.push(connect(address, sends).await);
            }
            for _ in 0..3 {
                let answer = timeout(SOON, probe(address)).await;
                let answer = answer.unwrap_or_else(|_| panic!("{sends:.20} stops the probes"));
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            }
        });
    }
}

#[test]
fn a_client_that_asks_nothing_or_takes_nothing_is_cut_off() {
    let soon = Duration::from_millis(50);
    for (request, total, sends) in [
        (soon, NEVER, "GET /livez HTTP/1.1\r\nHost: err"),
        (NEVER, soon, "GET /livez HTTP/1.1\r\nHost: err"),
        (NEVER, soon, ""),
        (NEVER, soon, "GET /long HTTP/1.1\r\nHost: errand\r\n\r\n"),
    ] {
        block_on(async {
            let limits = Limits {
                connections: 16,
                request,
                total,
            };
            let address = start_server(limits).await;
            let mut stream = connect(address, sends).await;
            // So little at a time that all of it would take far longer than the limit.
            let (mut taken, mut part) = (0, vec![0; 64]);
            // It ends, by whatever word, and not with the whole answer.
            while let Ok(length @ 1..) = stream.read(&mut part).await {
                taken += length;
            }
            assert!(taken < LONG, "it took all of it");
        });
    }
}

#[test]
fn a_connection_answers_one_request_and_ends() {
    block_on(async {
        let address = start_server(PATIENT).await;
        let twice = "GET /livez HTTP/1.1\r\nHost: errand\r\n\r\n".repeat(2);
        let mut stream = connect(address, &twice).await;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    });
}

#[test]
fn the_oldest_that_has_not_asked_gives_way_before_one_that_is_being_answered() {
    block_on(async {
        let limits = Limits {
            connections: 4,
            request: NEVER,
            total: NEVER,
        };
        let address = start_server(limits).await;
        let mut reader = connect(address, "GET /long HTTP/1.1\r\nHost: errand\r\n\r\n").await;
        let mut first = vec![0; 1];
        reader
            .read_exact(&mut first)
            .await
            .expect("it is being answered");
        let mut others = Vec::new();
        for _ in 0..32 {
            others.push(connect(address, "").await);
        }
        assert!(probe(address).await.starts_with("HTTP/1.1 200"));
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).await.expect("all of it");
        assert!(rest.len() > LONG, "the whole answer with its head");
    });
}
