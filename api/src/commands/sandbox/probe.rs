//! Asking a child over HTTP whether it is ready.

use std::{net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Whether `GET path` on a local port answers 200 within a second. No answer is no.
pub async fn answers(port: u16, path: &str) -> bool {
    matches!(
        timeout(Duration::from_secs(1), get(port, path)).await,
        Ok(Ok(200))
    )
}

/// The status code. HTTP/1.0, so that the connection ends with the answer.
async fn get(port: u16, path: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let request =
        format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0_u8; 12];
    stream.read_exact(&mut head).await?;
    let status = head
        .get(9..)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    Ok(status
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn server(answer: &'static [u8]) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0_u8; 256];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(answer).await.unwrap();
        });
        port
    }

    #[tokio::test]
    async fn only_200_is_ready() {
        assert!(answers(server(b"HTTP/1.0 200 OK\r\n\r\n{}").await, "/readyz").await);
        assert!(
            !answers(
                server(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").await,
                "/readyz"
            )
            .await
        );
        assert!(!answers(server(b"nonsense").await, "/readyz").await);
    }
}
