use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures::{FutureExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

mod outgoing;

/// A client for networks on this machine.
fn client() -> HttpClient {
    let base = Some("http://127.0.0.1".to_owned());
    HttpClient::new(&Hosts { base }).unwrap()
}

/// A server that reads one request up to `until` and answers with `answer`, then closes.
async fn server(until: &'static str, answer: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                loop {
                    let mut seen = Vec::new();
                    while !String::from_utf8_lossy(&seen).contains(until) {
                        let mut part = [0; 4096];
                        match socket.read(&mut part).await {
                            Ok(read) if read > 0 => seen.extend_from_slice(&part[..read]),
                            _ => return,
                        }
                    }
                    if answer.is_empty() || socket.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, connections)
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/?access_token=hush",
        listener.local_addr().unwrap()
    );
    drop(listener);
    let error = client().send(Request::post(url)).await.unwrap_err();
    assert!(matches!(&error, TransportError::NotSent(_)), "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_not_sent() {
    let request = Request::get("http://posthaste.invalid/").reaching(Reach::Anywhere);
    let error = client().send(request).await.unwrap_err();
    assert!(matches!(error, TransportError::NotSent(_)), "{error}");
}

#[tokio::test]
async fn a_connection_cut_after_the_request_is_no_answer() {
    let (url, connections) = server("\r\n\r\n", String::new()).await;
    let error = client().send(Request::post(url).once()).await.unwrap_err();
    assert!(matches!(error, TransportError::NoAnswer(_)), "{error}");
    assert_eq!(connections.load(Ordering::SeqCst), 1, "it was not repeated");
}

#[tokio::test]
async fn an_answer_cut_short_is_no_answer() {
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{\"id\"";
    let (url, _) = server("\r\n\r\n", answer.to_owned()).await;
    let request = Request {
        timeout: Duration::from_millis(300),
        ..Request::post(url)
    };
    let error = client().send(request).await.unwrap_err();
    assert!(matches!(error, TransportError::NoAnswer(_)), "{error}");
}

#[tokio::test]
async fn redirects_are_answers() {
    let answer = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let (url, _) = server("\r\n\r\n", answer.to_owned()).await;
    let response = client().send(Request::get(url)).await.unwrap();
    assert_eq!(
        (response.status, response.header("location")),
        (302, Some("/elsewhere"))
    );
}

#[tokio::test]
async fn answers_over_the_limit_are_refused() {
    let (url, _) = server("\r\n\r\n", ok(&"x".repeat(MAX_ANSWER + 1))).await;
    let error = client().send(Request::get(url)).await.unwrap_err();
    assert_eq!(
        error,
        TransportError::NoAnswer("the answer is larger than 5 MB".to_owned())
    );
}

#[tokio::test]
async fn a_call_made_once_has_a_connection_of_its_own() {
    let (url, connections) = server("\r\n\r\n", ok("{}")).await;
    let client = client();
    for _ in 0..3 {
        client.send(Request::get(url.clone())).await.unwrap();
    }
    assert_eq!(
        connections.load(Ordering::SeqCst),
        1,
        "ordinary calls share one"
    );
    for _ in 0..2 {
        client.send(Request::get(url.clone()).once()).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn media_is_streamed_with_its_length() {
    let (url, _) = server("the end", ok("done")).await;
    let open = || async {
        let parts = ["one, ", "two, ", "the end"].map(|part| Ok(Bytes::from(part)));
        Ok(futures::stream::iter(parts).boxed())
    };
    let body = PartBody::Stream {
        len: 17,
        open: Arc::new(move || open().boxed()),
    };
    let mut request = Request::post(url);
    request.body = Body::Stream(body.clone());
    let client = client();
    assert_eq!(client.send(request.clone()).await.unwrap().body, "done");
    request.body = Body::Multipart(vec![Part {
        name: "source".to_owned(),
        file_name: Some("picture.jpg".to_owned()),
        content_type: Some("image/jpeg".to_owned()),
        body,
    }]);
    assert_eq!(client.send(request).await.unwrap().body, "done");
}

#[tokio::test]
async fn an_excerpt_keeps_the_status_and_drops_the_rest() {
    let (url, _) = server("\r\n\r\n", ok(&"x".repeat(MAX_ANSWER + 1))).await;
    let request = Request {
        excerpt: Some(64 * 1024),
        ..Request::post(url)
    };
    let response = client().send(request).await.unwrap();
    assert_eq!((response.status, response.body.len()), (200, 64 * 1024));
}

#[tokio::test]
async fn raw_json_goes_out_as_it_is() {
    let (url, _) = server("{ \"b\": 1,  \"a\": 2 }", ok("seen")).await;
    let mut request = Request::post(url);
    request.body = Body::RawJson(Bytes::from_static(b"{ \"b\": 1,  \"a\": 2 }"));
    let response = client().send(request).await.unwrap();
    assert_eq!(response.body, "seen");
}
