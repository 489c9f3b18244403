//! Mails over a real conversation in SMTP, with a server that speaks as it is told.

use std::{sync::Arc, time::Duration};

use posthaste_core::ports::{Mailer, Message};
use posthaste_engine::adapters::{Smtp, SmtpSettings};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

/// What the server was told, line by line.
type Heard = Arc<Mutex<Vec<String>>>;

/// A server that answers commands that begin so with these lines, and all others as servers do.
async fn server(answers: &'static [(&'static str, &'static str)]) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let ears = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = converse(stream, answers, &ears).await;
        }
    });
    (port, heard)
}

async fn converse(
    stream: TcpStream,
    answers: &[(&str, &str)],
    heard: &Heard,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 post.test ESMTP\r\n").await?;
    let mut is_data = false;
    while let Some(line) = lines.next_line().await? {
        heard.lock().await.push(line.clone());
        if is_data && line != "." {
            continue;
        }
        let told = answers.iter().find(|(begin, _)| line.starts_with(begin));
        let answer = match (told, line.split(' ').next().unwrap()) {
            (Some((_, answer)), _) => *answer,
            (None, "EHLO") => "250-post.test\r\n250-8BITMIME\r\n250 AUTH PLAIN",
            (None, "AUTH") => "235 welcome",
            (None, "DATA") => "354 go on",
            (None, "QUIT") => "221 bye",
            (None, _) => "250 ok",
        };
        is_data = !is_data && answer.starts_with("354");
        if answer.is_empty() {
            // It says nothing any more, and does not hang up.
            std::future::pending::<()>().await;
        }
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn smtp(url: &str) -> Smtp {
    Smtp::new(SmtpSettings {
        url,
        from: "Posthaste <post@posthaste.test>",
        timeout: Duration::from_secs(3),
    })
    .unwrap()
}

fn message(to: &str, subject: &str) -> Message {
    Message {
        id: "mail_1".into(),
        at: posthaste_testkit::start(),
        to: to.into(),
        subject: subject.into(),
        text: "Grüße\n\nhttps://posthaste.test/invitation#phi_1\n.\nend\n".into(),
    }
}

/// What came of a mail: whether it was refused for good, if it was not taken.
async fn outcome(answers: &'static [(&'static str, &'static str)]) -> Option<bool> {
    let (port, _) = server(answers).await;
    let smtp = smtp(&format!("smtp://me:hush@127.0.0.1:{port}"));
    let sent = smtp.send(&message("nina@example.org", "Hello")).await;
    sent.err().map(|error| error.is_permanent)
}

#[tokio::test]
async fn a_mail_arrives_with_its_headers_and_its_text() {
    let (port, heard) = server(&[]).await;
    let smtp = smtp(&format!("smtp://me:hush@127.0.0.1:{port}"));
    smtp.check().await.unwrap();
    heard.lock().await.clear();
    smtp.send(&message("nina@example.org", "Invitation to Home"))
        .await
        .unwrap();
    let heard = heard.lock().await;
    for line in [
        "EHLO posthaste.test",
        "MAIL FROM:<post@posthaste.test>",
        "RCPT TO:<nina@example.org>",
        "From: Posthaste <post@posthaste.test>",
        "To: nina@example.org",
        "Subject: Invitation to Home",
        "Message-ID: <mail_1@posthaste.test>",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        // Any letter arrives, also where only ASCII goes through.
        "Gr=C3=BC=C3=9Fe",
        "https://posthaste.test/invitation#phi_1",
        // A lone dot would end the mail.
        "..",
        "end",
    ] {
        assert!(heard.iter().any(|told| told == line), "{line}: {heard:#?}");
    }
    assert!(heard.iter().any(|line| line.starts_with("AUTH PLAIN ")));
}

#[tokio::test]
async fn line_breaks_add_neither_a_header_nor_a_recipient() {
    let (port, heard) = server(&[]).await;
    let smtp = smtp(&format!("smtp://127.0.0.1:{port}"));
    for to in [
        "nina@example.org\r\nRCPT TO:<eve@example.org>",
        "nina@example.org\nBcc: eve@example.org",
        "nina@example.org>\r\nDATA",
    ] {
        let error = smtp.send(&message(to, "Hello")).await.unwrap_err();
        assert!(error.is_permanent, "{error}");
    }
    assert!(heard.lock().await.is_empty());
    let subject = "Hello\r\nBcc: eve@example.org\r\n\r\nAnother text";
    let _ = smtp.send(&message("nina@example.org", subject)).await;
    let heard = heard.lock().await;
    let told = |begin: &str| heard.iter().filter(|line| line.starts_with(begin)).count();
    assert_eq!(
        (told("Bcc"), told("Another"), told("RCPT")),
        (0, 0, 1),
        "{heard:#?}"
    );
}

#[tokio::test]
async fn a_refused_mail_is_told_from_a_server_that_is_away_or_does_not_know_us() {
    assert_eq!(outcome(&[]).await, None);
    assert_eq!(outcome(&[("RCPT", "550 no such person")]).await, Some(true));
    assert_eq!(outcome(&[("RCPT", "451 later")]).await, Some(false));
    assert_eq!(outcome(&[("AUTH", "535 who are you")]).await, Some(false));
    assert_eq!(outcome(&[("MAIL", "530 sign in first")]).await, Some(false));
    assert_eq!(outcome(&[("DATA", "")]).await, Some(false));
    let nobody = smtp("smtp://127.0.0.1:1");
    let error = nobody.check().await.unwrap_err();
    assert!(
        !error.is_permanent && error.reason.contains("onnect"),
        "{error}"
    );
}

#[tokio::test]
async fn no_password_and_no_mail_goes_in_the_clear_where_tls_is_asked_for() {
    let (port, heard) = server(&[]).await;
    let smtp = smtp(&format!("smtp://me:hush@127.0.0.1:{port}?tls=required"));
    let error = smtp.send(&message("nina@example.org", "Hello")).await;
    assert!(!error.unwrap_err().is_permanent);
    let heard = heard.lock().await;
    assert!(
        heard
            .iter()
            .all(|line| line.starts_with("EHLO") || line.starts_with("QUIT")),
        "{heard:?}"
    );
}
