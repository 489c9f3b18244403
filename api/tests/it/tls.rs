//! TLS that the server speaks itself, with certificates made here.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use posthaste_api::{
    rest::{ApiState, redirect, router},
    tls::{Certificate, Door, Peer},
};
use posthaste_engine::adapters::Redis;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::world::World;

/// The name in the certificates.
const NAME: &str = "post.example";

/// How often the files are looked at here.
const OFTEN: Duration = Duration::from_millis(10);

/// An authority, and the files with what it signed last.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
    dir: TempDir,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Ours");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap().der().clone();
        Self {
            issuer: Issuer::new(params, key),
            root,
            dir: TempDir::new().unwrap(),
        }
    }

    fn files(&self) -> [PathBuf; 2] {
        ["cert.pem", "key.pem"].map(|name| self.dir.path().join(name))
    }

    /// Writes a new certificate with its key; the certificate.
    fn sign(&self) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let [cert_file, key_file] = self.files();
        fs::write(key_file, key.serialize_pem()).unwrap();
        fs::write(cert_file, certificate.pem()).unwrap();
        certificate.der().clone()
    }

    fn read(&self) -> anyhow::Result<Certificate> {
        let [certificate, key] = self.files();
        Certificate::read(&certificate, &key)
    }

    /// Opens a connection as a client that trusts this authority and speaks these versions.
    async fn connect(
        &self,
        at: SocketAddr,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().into())
            .collect();
        let name = ServerName::try_from(NAME).unwrap();
        let stream = TcpStream::connect(at).await.unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }
}

/// The server behind a door of its own.
async fn serve(world: &World, certificate: Option<Certificate>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = router(ApiState::new(world.app.clone()));
    let routes = routes.into_make_service_with_connect_info::<Peer>();
    let door = Door::new(listener, certificate);
    tokio::spawn(async move { axum::serve(door, routes).await });
    address
}

/// Asks for a page over an open connection that stays open; the head of the answer.
async fn ask(stream: &mut TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {NAME}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"ok") {
        let byte = stream.read_u8().await.unwrap();
        answer.push(byte);
    }
    String::from_utf8(answer).unwrap()
}

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

#[tokio::test]
async fn requests_are_answered_over_tls_1_2_and_1_3() {
    let (world, authority) = (World::new().await, Authority::new());
    let certificate = authority.sign();
    let address = serve(&world, Some(authority.read().unwrap())).await;
    for (version, named) in [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let opened = authority.connect(address, &[version], &["http/1.1"]).await;
        let mut stream = opened.unwrap();
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(named));
        assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(shown(&stream), certificate);
        let answer = ask(&mut stream, "/livez").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=31536000"));
    }
    let opened = authority
        .connect(address, &[&TLS13], &["h2", "http/1.1"])
        .await;
    let mut stream = opened.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    // The preface of HTTP/2 and empty settings are answered with settings: frames of kind 4.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(preface).await.unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[3], 4, "{frame:?}");
}

/// What a server says first to these bytes, until it hangs up.
async fn said(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // Hanging up on unread bytes may come as an error.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

/// The first seven bytes that a server answers to the greeting of a client that speaks TLS 1.`minor` at most
/// (RFC 5246, 7.4.1.2): one cipher suite, and the extensions without which no version would do.
async fn greeted(address: SocketAddr, minor: u8) -> [u8; 7] {
    let mut hello = vec![3, minor + 1];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    hello.extend([0, 22, 0, 13, 0, 4, 0, 2, 4, 3, 0, 10, 0, 4, 0, 2, 0, 29]);
    hello.extend([0, 11, 0, 2, 1, 0]);
    let length = hello.len() as u8;
    let mut record = vec![0x16, 3, 1, 0, length + 4, 1, 0, 0, length];
    record.extend(hello);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn older_versions_and_plain_requests_are_refused_and_slow_clients_hold_nobody_up() {
    let (world, authority) = (World::new().await, Authority::new());
    authority.sign();
    let address = serve(&world, Some(authority.read().unwrap())).await;
    let slow = TcpStream::connect(address).await.unwrap();
    // A fatal alert (RFC 5246, 7.2).
    for minor in [0, 1] {
        let refused = greeted(address, minor).await;
        assert_eq!(refused[..6], [0x15, 3, 3, 0, 2, 2], "1.{minor}");
    }
    // The same greeting with 1.2 gets on: a handshake message.
    assert_eq!(greeted(address, 2).await[0], 0x16);
    let plain = said(address, b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let told = String::from_utf8_lossy(&plain);
    assert!(!told.contains("HTTP") && !told.contains("ok"), "{told}");
    let opened = authority.connect(address, &[&TLS13], &[]).await;
    assert!(ask(&mut opened.unwrap(), "/livez").await.contains("200"));
    drop(slow);
    // Whoever trusts another authority does not speak with it.
    let stranger = Authority::new();
    let refused = stranger.connect(address, &[&TLS13], &[]).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("invalid peer certificate")
    );
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_open_connections_stay() {
    let (world, authority) = (World::new().await, Authority::new());
    let first = authority.sign();
    let certificate = authority.read().unwrap();
    let address = serve(&world, Some(certificate.clone())).await;
    tokio::spawn(certificate.keep_fresh(OFTEN));
    let open = async || authority.connect(address, &[&TLS13], &[]).await.unwrap();
    let mut old = open().await;
    assert_eq!(shown(&old), first);

    // What cannot be used changes nothing.
    let [cert_file, _] = authority.files();
    fs::write(&cert_file, "no certificate").unwrap();
    tokio::time::sleep(OFTEN * 5).await;
    assert_eq!(shown(&open().await), first);
    let second = authority.sign();
    while shown(&open().await) != second {
        tokio::time::sleep(OFTEN).await;
    }
    assert!(ask(&mut old, "/livez").await.starts_with("HTTP/1.1 200"));
    assert!(
        ask(&mut open().await, "/livez")
            .await
            .starts_with("HTTP/1.1 200")
    );
}

#[test]
fn files_that_cannot_be_used_are_told_at_start() {
    let authority = Authority::new();
    let refused = || format!("{:#}", authority.read().err().unwrap());
    assert!(
        refused().contains("cert.pem cannot be read"),
        "{}",
        refused()
    );
    authority.sign();
    let [cert_file, key_file] = authority.files();
    let other = KeyPair::generate().unwrap().serialize_pem();
    fs::write(&key_file, other).unwrap();
    assert!(
        refused().contains("certificate and key do not belong together"),
        "{}",
        refused()
    );
    fs::write(&key_file, "").unwrap();
    assert!(
        refused().contains("there is no private key in the file"),
        "{}",
        refused()
    );
    fs::write(&cert_file, "").unwrap();
    assert!(
        refused().contains("there is no certificate in the file"),
        "{}",
        refused()
    );
}

#[tokio::test]
async fn pages_without_tls_are_led_to_it_and_nothing_else_is() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = redirect("https://post.example");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let ask = async |head: &str| {
        let request = format!("{head}\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
        String::from_utf8(said(address, request.as_bytes()).await).unwrap()
    };
    let led = ask("GET /docs/errors?a=b HTTP/1.1").await;
    assert!(led.starts_with("HTTP/1.1 308"), "{led}");
    assert!(
        led.contains("location: https://post.example/docs/errors?a=b\r\n"),
        "{led}"
    );
    for head in [
        "POST /graphql HTTP/1.1",
        "GET /graphql?query=x HTTP/1.1\r\nauthorization: Bearer x",
    ] {
        let refused = ask(head).await;
        assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
        assert!(!refused.contains("location"), "{refused}");
    }
}

#[tokio::test]
async fn redis_behind_a_certificate_of_an_unknown_authority_is_refused() {
    let authority = Authority::new();
    authority.sign();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut door = Door::new(listener, Some(authority.read().unwrap()));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = axum::serve::Listener::accept(&mut door).await;
            // Whoever came so far would be taken for Redis.
            stream.write_all(b"+PONG\r\n").await.unwrap();
        }
    });
    let port = address.port();
    let redis = Redis::new(&format!("rediss://localhost:{port}"), "test").unwrap();
    let error = redis.ping().await.unwrap_err();
    let cause = format!("{:?}", error.cause);
    assert!(cause.contains("UnknownIssuer"), "{cause}");
    // There is no way to switch that off.
    let insecure = Redis::new(&format!("rediss://localhost:{port}/#insecure"), "test");
    assert!(insecure.unwrap().ping().await.is_err());
}
