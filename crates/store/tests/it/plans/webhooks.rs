use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn each_query_of_webhooks_has_its_index() {
    let test = filled().await;
    let conn = &mut *test.db.get().await.unwrap();
    let workspace = WorkspaceId::from(id(1, 1));
    let wall = &mut *test.db.within(workspace).get().await.unwrap();
    let one = WebhookEndpointId::from(id(7, 8));
    let now: DateTime<Utc> = start();
    let worker = NodeId::from(id(9, 2));
    by_index!(
        wall,
        "webhook_endpoints_in_order",
        endpoint::list(wall, workspace, &page(None))
    );
    by_index!(
        wall,
        "webhook_endpoints_workspace_id_id_key",
        endpoint::by_ids(wall, workspace, &[one])
    );
    by_index!(
        wall,
        "webhook_deliveries_in_order",
        delivery::list(wall, workspace, &delivery::Filter::default(), &page(None))
    );
    let of_one = delivery::Filter {
        endpoints: Some(vec![one]),
        ..delivery::Filter::default()
    };
    by_index!(
        wall,
        "webhook_deliveries_of_endpoint",
        delivery::list(wall, workspace, &of_one, &page(Some((Some(now), id(8, 1)))))
    );
    by_index!(
        wall,
        "webhook_attempts_pkey",
        delivery::attempts_of(wall, workspace, &[WebhookDeliveryId::from(id(8, 6))])
    );
    by_index!(conn, "webhook_endpoints_behind", work::lock_behind(conn, 8));
    by_index!(conn, "webhook_endpoints_due", work::next_due(conn));
    by_index!(conn, "webhook_endpoints_due", work::lock_due(conn, now, 10));
    by_index!(
        conn,
        "webhook_deliveries_open",
        // An endpoint where nothing is in flight: else there may be no room to take any.
        work::take(
            conn,
            worker,
            &[WebhookEndpointId::from(id(7, 2))],
            10,
            now,
            now
        )
    );
    by_index!(
        conn,
        "webhook_deliveries_in_flight",
        work::refresh(conn, &[one], now, None)
    );
    by_index!(conn, "webhook_deliveries_open", work::hurry(conn, one, now));
    by_index!(
        conn,
        "webhook_deliveries_finished",
        work::forget(conn, now - TimeDelta::days(3), 10)
    );
    by_index!(wall, "events_pkey", event::newest(wall, workspace, &[]));
    by_index!(wall, "events_pkey", event::at(wall, workspace, 7));
}
