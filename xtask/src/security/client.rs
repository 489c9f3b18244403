//! As much of HTTP as the probes need: they send what no well-behaved client would.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::Context;
use serde_json::Value;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The code of a problem document, or of the first GraphQL error.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let graphql = &body["errors"][0]["extensions"]["code"];
        let code = body["code"].as_str().or(graphql.as_str());
        code.unwrap_or_default().to_owned()
    }
}

/// Sends a request and reads the answer to its end.
pub fn send(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(to).context("cannot connect")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {to}\r\n");
    if !headers.iter().any(|(name, _)| *name == "connection") {
        request.push_str("connection: close\r\n");
    }
    for (name, value) in headers {
        request.extend([*name, ": ", *value, "\r\n"]);
    }
    request.extend(["content-length: ", &body.len().to_string(), "\r\n\r\n"]);
    let sent = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.write_all(body.as_bytes()));
    let mut bytes = Vec::new();
    // Whoever refuses a large body hangs up while it is sent; what was answered counts.
    let read = stream.read_to_end(&mut bytes);
    if bytes.is_empty() {
        sent.context("cannot send")?;
        read.context("no answer")?;
    }
    parse(&String::from_utf8_lossy(&bytes))
}

fn parse(text: &str) -> anyhow::Result<Answer> {
    let (head, body) = text.split_once("\r\n\r\n").context("no whole answer")?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(':'));
    Ok(Answer {
        status: status
            .and_then(|status| status.parse().ok())
            .context("no status")?,
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_headers_and_codes_are_read() {
        let answer = parse("HTTP/1.1 405 No\r\nAllow: GET\r\n\r\n{\"code\":\"METHOD\"}").unwrap();
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
        assert_eq!(answer.code(), "METHOD");
        let told = "HTTP/1.1 200 OK\r\n\r\n{\"errors\":[{\"extensions\":{\"code\":\"A\"}}]}";
        assert_eq!(parse(told).unwrap().code(), "A");
        assert!(parse("nonsense").is_err());
    }
}
