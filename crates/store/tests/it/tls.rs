//! TLS: the test's PostgreSQL behind an end point that speaks it, with certificates made here.

use std::{fs, path::Path, sync::Arc};

use posthaste_core::{Error, ErrorCode};
use posthaste_store::{Address, Database, PoolSettings, database_time, pending_migrations};
use posthaste_testkit::TestDatabase;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, crypto::ring, pki_types::PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
};
use tokio_postgres::config::Host;
use tokio_rustls::TlsAcceptor;

/// The name in the certificate; `hostaddr` leads it to this machine.
const NAME: &str = "db.example";

type Authority = Issuer<'static, KeyPair>;

/// A database behind an end point, and the file of the authority that signed for it.
struct World {
    test: TestDatabase,
    dir: TempDir,
    port: u16,
}

impl World {
    async fn new(tls: bool) -> Self {
        let test = TestDatabase::new().await;
        let dir = TempDir::new().unwrap();
        let ours = authority("Ours", &dir.path().join("ca.pem"));
        authority("Others", &dir.path().join("others.pem"));
        let acceptor = tls.then(|| acceptor(&ours));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(serve(listener, acceptor, socket(&test.url)));
        Self { test, dir, port }
    }

    /// The database through the end point under a name.
    fn address(&self, name: &str, rest: &str, ca: &str) -> Address {
        let config: tokio_postgres::Config = self.test.url.parse().unwrap();
        let url = format!(
            "host={name} hostaddr=127.0.0.1 port={} user={} dbname={} {rest}",
            self.port,
            config.get_user().unwrap(),
            config.get_dbname().unwrap()
        );
        Address::new(&url, Some(&self.dir.path().join(ca))).unwrap()
    }
}

/// Makes an authority and writes its certificate.
fn authority(name: &str, file: &Path) -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(file, params.self_signed(&key).unwrap().pem()).unwrap();
    Issuer::new(params, key)
}

fn acceptor(authority: &Authority) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn socket(url: &str) -> String {
    let config: tokio_postgres::Config = url.parse().unwrap();
    let Some(Host::Unix(folder)) = config.get_hosts().first() else {
        panic!("the test's PostgreSQL has a socket");
    };
    folder.join(".s.PGSQL.5432").display().to_string()
}

/// Answers the request for TLS with yes or no and, after yes, passes on what was encrypted.
async fn serve(listener: TcpListener, acceptor: Option<TlsAcceptor>, socket: String) {
    while let Ok((stream, _)) = listener.accept().await {
        // A refused handshake ends the connection, which is what the client is asked about.
        tokio::spawn(pass_on(stream, acceptor.clone(), socket.clone()));
    }
}

async fn pass_on(
    mut stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    socket: String,
) -> std::io::Result<()> {
    let mut request = [0; 8];
    stream.read_exact(&mut request).await?;
    // Length 8 and the code of SSLRequest.
    assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47]);
    let Some(acceptor) = acceptor else {
        return stream.write_all(b"N").await;
    };
    stream.write_all(b"S").await?;
    let mut stream = acceptor.accept(stream).await?;
    let mut server = UnixStream::connect(socket).await?;
    copy_bidirectional(&mut stream, &mut server)
        .await
        .map(|_| ())
}

async fn refusal(address: Address) -> Error {
    let error = address.connect().await.err().unwrap();
    assert_eq!(error.code, ErrorCode::Unavailable);
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn pool_migrations_and_notifications_go_through_verified_tls() {
    let world = World::new(true).await;
    for mode in ["require", "verify-full"] {
        let address = world.address(NAME, &format!("sslmode={mode}"), "ca.pem");
        assert_eq!(pending_migrations(&address).await.unwrap(), 0);
        let (client, connection) = address.wire().await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("LISTEN posthaste").await.unwrap();
        let db = Database::new(address, PoolSettings::default()).unwrap();
        database_time(&mut db.get().await.unwrap()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let world = World::new(true).await;
    let address = world.address(NAME, "sslmode=require", "others.pem");
    assert_eq!(
        refusal(address.clone()).await.message,
        "The database server's certificate is not accepted (UnknownIssuer). Set \
         database.ca_file (POSTHASTE_DATABASE_CA_FILE) to the certificate of its authority, and write the host \
         as it stands in the certificate."
    );
    // The pool's error keeps the reason for the log and the doctor.
    let db = Database::new(address, PoolSettings::default()).unwrap();
    let error = db.get().await.err().unwrap();
    assert_eq!(error.code, ErrorCode::Unavailable);
    assert_eq!(error.message, ErrorCode::Unavailable.title());
    let cause = error.cause.unwrap().to_string();
    assert!(cause.contains("UnknownIssuer"), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_refused() {
    let world = World::new(true).await;
    let address = world.address("other.example", "sslmode=require", "ca.pem");
    let message = refusal(address).await.message;
    assert!(
        message.starts_with("The database server's certificate is not accepted"),
        "{message}"
    );
    assert!(message.contains("other.example"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let world = World::new(false).await;
    let address = world.address(NAME, "sslmode=require", "ca.pem");
    assert_eq!(
        refusal(address).await.message,
        "The database server offers no TLS, and sslmode asks for it. Turn on ssl in postgresql.conf, or set \
         sslmode=disable if you trust the network in between."
    );
}
