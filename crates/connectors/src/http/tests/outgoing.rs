//! Where requests do not go (docs/security.md, rows 30 and 31).

use std::{collections::HashMap, io, net::SocketAddr, sync::Mutex};

use async_trait::async_trait;
use reqwest::dns::{Name, Resolve};

use super::*;
use crate::HOSTS;

/// A name server that answers a name's list of answers one by one, the last for ever, and takes note.
#[derive(Default)]
struct Names {
    answers: Mutex<HashMap<String, Vec<Vec<&'static str>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    fn new(answers: &[(&str, &[&[&'static str]])]) -> Arc<Self> {
        let answers = answers.iter().map(|(name, list)| {
            let list = list.iter().map(|addresses| addresses.to_vec()).collect();
            ((*name).to_owned(), list)
        });
        Arc::new(Self {
            answers: Mutex::new(answers.collect()),
            asked: Mutex::default(),
        })
    }
}

#[async_trait]
impl Lookup for Names {
    async fn lookup(&self, name: &str) -> io::Result<Vec<SocketAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let known = answers.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        let now = if known.len() > 1 {
            known.remove(0)
        } else {
            known[0].clone()
        };
        let socket = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        Ok(now.into_iter().map(socket).collect())
    }
}

fn guarded(names: Arc<Names>) -> HttpClient {
    HttpClient::looking_up(&Hosts { base: None }, names).unwrap()
}

async fn refusal(client: &HttpClient, url: &str, reach: Reach) -> String {
    let request = Request::post(url).reaching(reach);
    match client.send(request).await {
        Err(TransportError::NotSent(why)) => why,
        other => panic!("{url}: {other:?}"),
    }
}

/// Addresses that are refused as they stand: no name is looked up.
const LITERALS: &[&str] = &[
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.0.1./",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0x7F.0x0.0x0.0x1/",
    "https://0177.0.0.1/",
    "https://017700000001/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://172.16.0.1/",
    "https://192.168.0.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://198.18.0.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[fd00:ec2::254]/",
    "https://[ff02::1]/",
    // The same with other digits and dots, which are brought to these first (UTS 46).
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://%31%32%37.0.0.1/",
    "https:127.0.0.1/",
    "https:\\\\127.0.0.1\\",
    "https://\t127.0.0.1/",
];

/// Addresses that are refused for other reasons.
const OTHERS: &[(&str, &str)] = &[
    ("https://[fe80::1%25eth0]/", "invalid IPv6 address"),
    ("https://[::1%lo]/", "invalid IPv6 address"),
    ("https://256.256.256.256/", "invalid IPv4 address"),
    (
        "https://example.org@127.0.0.1/",
        "must not carry a user name",
    ),
    (
        "https://user:word@example.org/",
        "must not carry a user name",
    ),
    ("http://example.org/", "must begin with https"),
    ("http://127.0.0.1/", "must begin with https"),
    ("file:///etc/passwd", "must begin with https"),
    ("gopher://127.0.0.1:25/", "must begin with https"),
    ("https://example.org:22/", "must use port"),
    ("https://example.org:6379/", "must use port"),
    ("//127.0.0.1/", "relative URL"),
    ("https://", "empty host"),
];

#[tokio::test]
async fn addresses_of_private_hosts_are_refused_however_they_are_written() {
    let names = Names::new(&[]);
    let client = guarded(names.clone());
    for url in LITERALS {
        let why = refusal(&client, url, Reach::Public).await;
        assert_eq!(why, "The address is not on the public internet.", "{url}");
    }
    for (url, expected) in OTHERS {
        let why = refusal(&client, url, Reach::Public).await;
        assert!(why.contains(expected), "{url}: {why}");
    }
    assert!(LITERALS.len() + OTHERS.len() >= 40);
    assert_eq!(*names.asked.lock().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn names_that_lead_to_a_private_host_are_refused_before_a_connection_is_made() {
    let names = Names::new(&[
        ("localhost", &[&["127.0.0.1", "::1"]]),
        ("localhost.", &[&["127.0.0.1"]]),
        ("rebound.example", &[&["10.0.0.1"]]),
        // One public address does not make the others so.
        ("mixed.example", &[&["2ffe::1", "169.254.169.254"]]),
        ("xn--bcher-kva.example", &[&["192.168.0.1"]]),
        ("nothing.example", &[&[]]),
    ]);
    let client = guarded(names.clone());
    for (url, name) in [
        ("https://localhost/", "localhost"),
        ("https://ⓛocalhost/", "localhost"),
        ("https://LOCALHOST./", "localhost."),
        ("https://rebound.example/", "rebound.example"),
        ("https://mixed.example:8443/", "mixed.example"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://nothing.example/", "nothing.example"),
    ] {
        let why = refusal(&client, url, Reach::Public).await;
        let expected = format!("{name} was not found on the public internet");
        assert!(why.contains(&expected), "{url}: {why}");
        assert_eq!(names.asked.lock().unwrap().pop().as_deref(), Some(name));
    }
}

#[tokio::test]
async fn a_name_that_changes_its_answer_is_connected_to_where_it_was_judged() {
    // An address that nobody has been given.
    const VETTED: &str = "2ffe::1";
    let names = Names::new(&[("rebound.example", &[&[VETTED], &["127.0.0.1"]])]);
    let resolver = PublicOnly(names.clone());
    let name = || "rebound.example".parse::<Name>().unwrap();
    let judged: Vec<_> = resolver.resolve(name()).await.unwrap().collect();
    assert_eq!(judged, [SocketAddr::new(VETTED.parse().unwrap(), 0)]);
    assert!(resolver.resolve(name()).await.is_err(), "judged each time");

    // The client asks once for a connection, and for nothing else.
    let names = Names::new(&[("rebound.example", &[&[VETTED], &["127.0.0.1"]])]);
    let request = Request {
        timeout: Duration::from_millis(200),
        ..Request::post("https://rebound.example/").reaching(Reach::Public)
    };
    assert!(guarded(names.clone()).send(request).await.is_err());
    assert_eq!(*names.asked.lock().unwrap(), ["rebound.example"]);
}

#[tokio::test]
async fn no_redirect_is_followed_wherever_it_leads() {
    let (target, connections) = server("\r\n\r\n", ok("secrets")).await;
    for location in [target.as_str(), "http://169.254.169.254/latest/meta-data/"] {
        for status in [301, 302, 303, 307, 308] {
            let answer = format!(
                "HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
            );
            let (url, _) = server("\r\n\r\n", answer).await;
            for reach in [Reach::Networks, Reach::Anywhere] {
                let request = Request::get(url.clone()).reaching(reach);
                assert_eq!(client().send(request).await.unwrap().status, status);
            }
        }
    }
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn requests_to_networks_reach_their_fixed_hosts_only() {
    let names = Names::new(&[]);
    let client = guarded(names.clone());
    for url in [
        "https://example.org/",
        "https://api.x.com.example.org/",
        "https://api.x.com:22/",
        "http://api.x.com/",
        "https://api.x.com@127.0.0.1/",
        "https://127.0.0.1/",
        "https://www.facebook.com/",
    ] {
        let why = refusal(&client, url, Reach::Networks).await;
        assert!(why.ends_with("is no host of a network"), "{url}: {why}");
    }
    for host in HOSTS {
        assert_eq!(
            client
                .guard
                .check(&format!("https://{host}/2/tweets"), Reach::Networks),
            Ok(())
        );
    }
    // Simulated networks are all at one host, and the real ones are out of reach then.
    let base = Some("http://127.0.0.1:4001".to_owned());
    let simulated = HttpClient::new(&Hosts { base }).unwrap();
    let check = |url: &str| simulated.guard.check(url, Reach::Networks).is_ok();
    assert!(check("http://127.0.0.1:4001/api.x.com/2/tweets"));
    assert!(!check("https://api.x.com/2/tweets"));
    assert!(!check("http://127.0.0.2:4001/"));
}
