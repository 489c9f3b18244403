//! Mails on their way: written with what they tell of, tried again, given up.

use std::sync::Arc;

use chrono::TimeDelta;
use posthaste_core::{
    Provenance,
    access::Role,
    ports::{MailError, MemoryMailer},
};
use posthaste_engine::{
    Actor, mail,
    member::invitation::{self, Wanted},
    role::Choice,
    session::{self, KeyKind, NewKey},
};
use posthaste_store::mail as rows;

use crate::world::World;

struct Office {
    world: World,
    mailer: Arc<MemoryMailer>,
    owner: Actor,
}

impl Office {
    async fn new() -> Self {
        let mailer = Arc::new(MemoryMailer::default());
        let world = World::mailing(mailer.clone()).await;
        let owner = owner(&world).await;
        Self {
            world,
            mailer,
            owner,
        }
    }

    async fn invite(&self, email: &str) -> String {
        let wanted = Wanted {
            email: email.into(),
            role: Choice::BuiltIn(Role::Editor),
            connections: None,
        };
        let made = invitation::create(&self.world.app, &self.owner, wanted, None).await;
        made.unwrap().0.expose().to_owned()
    }

    /// One turn of a worker after some seconds: how many mails it tried.
    async fn turn(&self, seconds: i64) -> usize {
        self.world.clock.advance(TimeDelta::seconds(seconds));
        mail::send_due(&self.world.app).await.unwrap()
    }

    fn fail(&self, is_permanent: bool) {
        let reason = "no room".to_owned();
        self.mailer.fail(MailError {
            is_permanent,
            reason,
        });
    }

    async fn waiting(&self) -> (i64, Option<String>) {
        let mut conn = self.world.db().get().await.unwrap();
        rows::waiting(&mut conn).await.unwrap()
    }
}

async fn owner(world: &World) -> Actor {
    let new = NewKey {
        id: None,
        name: "Owner".into(),
        role: Role::Owner,
        kind: KeyKind::Test,
    };
    let (_, key) = session::create_key(&world.app, world.workspace, new)
        .await
        .unwrap();
    Actor::new(
        world.workspace,
        Role::Owner,
        Provenance::Key { key: key.id },
    )
}

#[tokio::test]
async fn a_mail_is_sent_once_and_nothing_of_it_stays() {
    let office = Office::new().await;
    let token = office.invite("nina@example.org").await;
    assert_eq!(office.waiting().await, (1, None));
    assert_eq!(office.turn(0).await, 1);
    let sent = office.mailer.take();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to, "nina@example.org");
    let link = format!("\nhttps://posthaste.test/invitation#{token}\n");
    assert!(sent[0].text.contains(&link), "{}", sent[0].text);
    assert_eq!(office.turn(600).await, 0);
    assert_eq!(office.waiting().await, (0, None));
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_later_as_the_same_mail() {
    let office = Office::new().await;
    let token = office.invite("nina@example.org").await;
    office.fail(false);
    office.fail(false);
    assert_eq!(office.turn(0).await, 1);
    assert_eq!(office.waiting().await, (1, Some("no room".into())));
    // Half a minute, give or take a fifth; then twice as long.
    assert_eq!(office.turn(23).await, 0);
    assert_eq!(office.turn(14).await, 1);
    assert_eq!(office.turn(47).await, 0);
    assert_eq!(office.turn(26).await, 1);
    let sent = office.mailer.take();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].text.contains(&token) && sent[0].id.starts_with("mail_"));
    assert_eq!(office.waiting().await, (0, None));
}

#[tokio::test]
async fn a_mail_is_given_up_at_once_when_refused_for_good_else_after_a_day() {
    let office = Office::new().await;
    office.invite("nina@example.org").await;
    office.fail(true);
    assert_eq!(office.turn(0).await, 1);
    assert_eq!(office.waiting().await, (0, None));

    office.invite("olga@example.org").await;
    let mut hours = 0;
    loop {
        office.fail(false);
        assert_eq!(office.turn(0).await, 1);
        if office.waiting().await.0 == 0 {
            break;
        }
        office.world.clock.advance(TimeDelta::hours(2));
        hours += 2;
    }
    assert_eq!(hours, 24);
    assert!(office.mailer.take().is_empty());
}

#[tokio::test]
async fn one_worker_has_a_mail_at_a_time_and_another_takes_it_over_when_the_first_is_lost() {
    let office = Office::new().await;
    office.invite("nina@example.org").await;
    let now = office.world.app.now();
    let until = now + TimeDelta::minutes(5);
    let mut first = office.world.db().begin().await.unwrap();
    let mut second = office.world.db().begin().await.unwrap();
    let taken = rows::claim(&mut first, now, until, 10).await.unwrap();
    assert_eq!(taken.len(), 1);
    // Locked rows are passed over, and nobody waits for them.
    assert!(
        rows::claim(&mut second, now, until, 10)
            .await
            .unwrap()
            .is_empty()
    );
    first.commit().await.unwrap();
    second.commit().await.unwrap();
    assert_eq!(office.turn(299).await, 0);
    assert_eq!(office.turn(1).await, 1);
    assert_eq!(office.mailer.take().len(), 1);
    // The first worker comes too late to say anything about it.
    let mut conn = office.world.db().get().await.unwrap();
    rows::put_off(&mut conn, &taken[0], now, "late")
        .await
        .unwrap();
    assert_eq!(rows::waiting(&mut conn).await.unwrap(), (0, None));
}

#[tokio::test]
async fn a_mail_with_a_dead_token_does_not_go_out() {
    let office = Office::new().await;
    office.invite("nina@example.org").await;
    let app = &office.world.app;
    let mut conn = office.world.db().get().await.unwrap();
    let id = rows::newest(&mut conn, None, None, 1).await.unwrap()[0].about;
    let again = invitation::resend(app, &office.owner, id.into(), None).await;
    let token = again.unwrap().0;
    assert_eq!(office.turn(0).await, 1);
    let sent = office.mailer.take();
    assert!(sent.len() == 1 && sent[0].text.contains(token.expose()));
    invitation::resend(app, &office.owner, id.into(), None)
        .await
        .unwrap();
    invitation::revoke(app, &office.owner, id.into())
        .await
        .unwrap();
    assert_eq!(office.turn(0).await, 0);
}
