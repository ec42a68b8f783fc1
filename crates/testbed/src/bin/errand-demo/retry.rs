//! The control experiment: what many a script does. It knows nothing of Errand, and
//! Errand nothing of it; it signs with its own few lines (contracts section f.1).

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use errand_testbed::{ACCESS_KEY, Bed, DCS_PROJECT, SECRET_KEY};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// Longest time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Orders a product for a desktop; how many times it had to try.
pub fn order(bed: &Bed, desktop: &str, product: &str) -> Result<u32, String> {
    let body = format!(
        r#"{{"type":"resizeDesktops","resize_product_id":"{product}","extend_param":{{"is_auto_pay":"true"}}}}"#
    );
    let path = format!("/v2/{DCS_PROJECT}/periodic/{desktop}/change/order");
    for attempt in 1..=5 {
        match post(bed, &path, &body) {
            Ok(200) => return Ok(attempt),
            Ok(status) if status < 500 => return Err(format!("refused with {status}")),
            // A server that is in trouble, or a network: try again, politely.
            Ok(_) | Err(_) => thread::sleep(Duration::from_millis(50 << attempt)),
        }
    }
    Err("no answer in five attempts".to_owned())
}

/// Sends it, signed now; the HTTP status of the answer.
fn post(bed: &Bed, path: &str, body: &str) -> io::Result<u16> {
    let address = bed.simulator.address();
    let date = bed.simulator.now().strftime(DATE).to_string();
    let headers = format!("host:{address}\nx-project-id:{DCS_PROJECT}\nx-sdk-date:{date}\n");
    let names = "host;x-project-id;x-sdk-date";
    let body_hash = hex(&Sha256::digest(body));
    let canonical = format!("POST\n{path}/\n\n{headers}\n{names}\n{body_hash}");
    let text = format!(
        "SDK-HMAC-SHA256\n{date}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET_KEY.as_bytes()).expect("any length");
    mac.update(text.as_bytes());
    let signature = hex(&mac.finalize().into_bytes());
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\n{}Authorization: SDK-HMAC-SHA256 Access={ACCESS_KEY}, \
         SignedHeaders={names}, Signature={signature}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}",
        headers.replace('\n', "\r\n")
    );
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(request.as_bytes())?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
    status.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// `X-Sdk-Date`.
const DATE: &str = "%Y%m%dT%H%M%SZ";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
