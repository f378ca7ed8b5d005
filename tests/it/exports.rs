//! CSV files from the admin pages: the same report as everywhere else, for the part that the viewer may see.

use crate::desk::{Answer, Desk};
use afterword::survey::access::Scope;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;

/// A desk with a rating for each of two teams. A team has a name that a spreadsheet would take for a formula.
async fn rated() -> Desk {
    let desk = Desk::open().await;
    for (id, team, face) in [("1", "Billing", 4), ("2", "=Sales", 1)] {
        let teammate = json!({"id": format!("t{id}"), "name": "Grace", "team": team});
        let customers = json!([{"email": format!("c{id}@example.com")}]);
        desk.close(json!({"conversation_id": id, "teammate": teammate, "customers": customers, "tags": ["a", "b"]}))
            .await;
        let mail = desk.the_mail().await;
        desk.press(&mail.links[face]).await;
    }
    desk
}

async fn open(desk: &Desk, key: &str, path: &str) -> Answer {
    let form = serde_urlencoded::to_string([("key", key)]).expect("form fields");
    let request = Request::post("/admin/sign-in").header("content-type", "application/x-www-form-urlencoded");
    let signed_in = desk.send(request.body(Body::from(form)).expect("a request")).await;
    let cookie = signed_in.header("set-cookie").split(';').next().expect("a pair").to_owned();
    desk.send(Request::get(path).header("cookie", cookie).body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn each_table_is_a_file_that_a_spreadsheet_opens() {
    let desk = rated().await;
    let file = open(&desk, &desk.admin, "/admin/report.csv?by=team&period=7d").await;
    assert_eq!((file.status, file.header("content-type")), (200, "text/csv; charset=utf-8"));
    let named = "attachment; filename=\"afterword-team-2026-11-16-to-2026-11-22.csv\"";
    assert_eq!(file.header("content-disposition"), named);
    let lines: Vec<_> = file.text.lines().collect();
    assert!(lines[0].starts_with("\u{feff}\"id\",\"name\",\"asked\",\"answered\""), "{}", file.text);
    assert!(lines[1].starts_with("\"'=Sales\",\"'=Sales\",1,1,1.0000,1,0,0.0000,"), "{}", file.text);
    assert!(lines[2].starts_with("\"Billing\",\"Billing\",1,1,1.0000,1,1,1.0000,") && lines.len() == 3);
    let pair = open(&desk, &desk.admin, "/admin/report.csv?by=tag,month&from=2026-11-01&to=2026-11-30").await;
    assert!(pair.header("content-disposition").contains("afterword-tag-month-2026-11-01-to-2026-11-30.csv"));
    assert!(pair.text.contains("\"b\",\"b\",\"2026-11\",\"2026-11\",2,"), "{}", pair.text);
}

#[tokio::test]
async fn a_file_has_the_rows_of_the_command_and_the_page_links_to_it() {
    let desk = rated().await;
    let page = open(&desk, &desk.admin, "/admin?period=7d&team=Billing&sort=name&step=day").await;
    let link = "/admin/report.csv?period=7d&#38;team=Billing&#38;by=teammate";
    assert!(page.text.contains(&format!("href=\"{link}\"")), "{}", page.text);
    assert!(page.text.contains("&#38;by=day\""), "the trend: {}", page.text);
    let file = open(&desk, &desk.admin, &link.replace("&#38;", "&")).await;
    let command = "report --by teammate --team Billing --from 2026-11-16 --to 2026-11-22 --compare --format csv";
    let output = crate::commands::run(desk.folder.path(), command);
    assert_eq!(file.text.trim_start_matches('\u{feff}'), String::from_utf8(output.stdout).expect("UTF-8"));
}

#[tokio::test]
async fn a_limited_key_gets_its_part_only_and_nobody_else_gets_any() {
    let desk = rated().await;
    let key = desk.key(Scope::Read, None, Some("Billing")).await;
    for path in ["/admin/report.csv?by=team", "/admin/report.csv?by=tag", "/admin/report.csv?by=teammate&team=%3DSales"]
    {
        let file = open(&desk, &key, path).await;
        assert!(file.status == 200 && !file.text.contains("Sales") && !file.text.contains(",2,"), "{}", file.text);
    }
    let stranger = desk.visit("/admin/report.csv?by=team").await;
    assert_eq!((stranger.status, stranger.text.contains("Billing")), (303, false));
}

#[tokio::test]
async fn a_wrong_query_is_told() {
    let desk = rated().await;
    let wrong = open(&desk, &desk.admin, "/admin/report.csv?by=team&from=tomorrow").await;
    assert_eq!((wrong.status, wrong.header("location")), (303, "/admin?by=team&from=tomorrow"));
    assert_eq!(open(&desk, &desk.admin, "/admin/report.csv?by=colour").await.status, 422);
}
