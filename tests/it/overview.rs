//! The overview and the comparison on the admin pages: figures, filters, targets and reasons.

use crate::admin::{Browser, rate, rated, shows};
use crate::desk::{Answer, Desk};
use afterword::config::{Config, TargetSettings};
use afterword::survey::access::Scope;
use chrono::TimeDelta;
use serde_json::{Value, json};

/// The names of the rows of the first table with rows, in their order.
fn rows(page: &Answer) -> Vec<String> {
    let table = page.text.split("<table class=\"figures\">").nth(1).unwrap_or_default();
    let body = table.split("</table>").next().unwrap_or_default();
    let heads = body.split("<th scope=\"row\"").skip(1).filter_map(|rest| rest.split("</th>").next());
    heads.map(|head| head.split('>').skip(1).filter_map(|part| part.split('<').next()).collect()).collect()
}

/// A desk whose closings have what reports cut by, each with a rating of 5 but that of `bad`.
async fn cut(closings: &[(&str, Value)], bad: &str) -> Desk {
    let desk = Desk::open().await;
    for (conversation, mut fields) in closings.iter().cloned() {
        fields["conversation_id"] = json!(conversation);
        if fields["customers"].is_null() {
            fields["customers"] = json!([{"email": format!("c{conversation}@example.org")}]);
        }
        desk.close(fields).await;
        let mail = desk.the_mail().await;
        desk.pass(TimeDelta::minutes(10));
        desk.press(&mail.links[if conversation == bad { 0 } else { 4 }]).await;
    }
    desk
}

#[tokio::test]
async fn the_overview_shows_the_figures_of_the_report() {
    let desk = rated().await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens("/admin").await;
    assert_eq!(page.status, 200);
    let texts = [
        "66.7\u{a0}%",
        "21\u{a0}% to 94\u{a0}%, from 3 ratings",
        "3 of 3 surveys",
        "There was no rating in the period before",
        "By teammate",
        ">Grace</a>",
        "Fewer than 20 ratings",
        "CSAT by day",
        "great or amazing",
        "href=\"/admin/ratings?score=low\"",
    ];
    assert_eq!(shows(&page, &texts), [true; 10], "{}", page.text);
    assert_eq!(rows(&page), ["Alan", "Grace"]);
    assert!(page.text.contains("<svg class=\"chart\"") && !page.text.contains("style="));
    assert_eq!(rows(&browser.opens("/admin?by=team&sort=-name").await), ["Sales", "Billing"]);
    let earlier = browser.opens("/admin?from=2026-09-01&to=2026-09-30").await;
    let texts = ["Nobody was asked in this time", "1 to 30 Sep 2026", "Show this year"];
    assert_eq!(shows(&earlier, &texts), [true; 3], "{}", earlier.text);
    assert_eq!(shows(&browser.opens("/admin?from=2026-11-23&to=2026-11-30").await, &["Nobody was asked"]), [true]);
}

#[tokio::test]
async fn a_filter_shows_a_part_and_one_click_takes_it_away() {
    let desk = rated().await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let filtered = browser.opens("/admin?teammate=t8&period=7d&sort=name&by=teammate").await;
    assert_eq!(shows(&filtered, &["100.0\u{a0}%", "Teammate Alan", "Grace"]), [true, true, false], "{}", filtered.text);
    let without =
        "href=\"/admin?period=7d&#38;sort=name&#38;by=teammate\" aria-label=\"Remove the filter Teammate Alan\"";
    assert!(filtered.text.contains(without), "{}", filtered.text);
    assert!(filtered.text.contains("href=\"/admin/ratings?teammate=t8&#38;period=7d&#38;score=low\""));
    let both = browser.opens("/admin?teammate=t8&team=Billing").await;
    let texts = ["Nobody was asked in this time", "Remove a filter above", "Remove all filters", "Team Billing"];
    assert_eq!(shows(&both, &texts), [true; 4], "{}", both.text);
    let unknown = browser.opens("/admin?channel=fax").await;
    assert_eq!(shows(&unknown, &["Nobody was asked", "Channel fax"]), [true; 2], "{}", unknown.text);
}

#[tokio::test]
async fn every_cut_has_rows_and_each_row_leads_to_its_part() {
    let closings = [
        (
            "1",
            json!({"channel": "chat", "tags": ["vip", "refund"], "teammate": {"id": "t1", "name": "Ada", "team": "A"}}),
        ),
        ("2", json!({"channel": "email", "tags": ["refund"], "teammate": {"id": "t2", "name": "Bo", "team": "B"}})),
        (
            "3",
            json!({"channel": null, "teammate": null, "customers": [{"email": "c3@example.org", "locale": "de-AT"}]}),
        ),
    ];
    let desk = cut(&closings, "2").await;
    let browser = Browser::with(&desk, &desk.admin).await;
    for (by, names) in [
        ("teammate", vec!["Ada", "Bo", "No teammate"]),
        ("team", vec!["A", "B", "No team"]),
        ("channel", vec!["chat", "email", "No channel"]),
        ("tag", vec!["No tag", "refund", "vip"]),
        ("policy", vec!["Default policy"]),
        ("language", vec!["de", "No language"]),
        ("connection", vec!["The plain API"]),
    ] {
        let page = browser.opens(&format!("/admin?by={by}&sort=name")).await;
        assert_eq!(rows(&page), names, "{by}");
        let pick = format!("aria-current=\"true\">{}", by[..1].to_uppercase() + &by[1..]);
        assert!(page.text.contains(&pick), "{by}: {}", page.text);
    }
    for (query, from) in [
        ("tag=refund", "from 2 ratings"),
        ("none=tag", "from 1 rating<"),
        ("tag=refund&channel=chat", "from 1 rating<"),
        ("language=de&none=teammate,channel", "from 1 rating<"),
        ("none=policy,connection", "from 3 ratings"),
    ] {
        let page = browser.opens(&format!("/admin?{query}")).await;
        assert!(page.text.contains(from), "{query}: {}", page.text);
    }
    let page = browser.opens("/admin?by=tag&none=policy").await;
    let texts =
        ["/admin?none=policy%2Ctag\"", "/admin?tag=vip&#38;none=policy\"", "rows can add up to more than the total"];
    assert_eq!(shows(&page, &texts), [true; 3], "{}", page.text);
    assert!(page.text.contains("href=\"/admin/ratings?tag=vip&#38;none=policy\""), "the list has the same filters");
    let list = browser.opens("/admin/ratings?tag=refund&none=policy,language").await;
    assert_eq!(shows(&list, &["Tag refund", "No language", "<li class=\"card s5-side\""]), [true; 3], "{}", list.text);
}

#[tokio::test]
async fn a_row_is_compared_with_the_period_before_and_one_that_is_gone_stays() {
    let desk = rated().await;
    desk.pass(TimeDelta::days(10));
    desk.close(json!({"conversation_id": "9", "customers": [{"email": "c9@example.org"}]})).await;
    let mail = desk.the_mail().await;
    desk.press(&mail.links[0]).await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens("/admin?from=2026-12-01&to=2026-12-02").await;
    assert_eq!(rows(&page), ["Grace"], "nobody was rated in the two days before: {}", page.text);
    let page = browser.opens("/admin?from=2026-11-27&to=2026-12-03").await;
    assert_eq!(rows(&page), ["Alan", "Grace"], "Alan was rated in the week before");
    let texts = ["−50.0<span class=\"unseen\"> (can be chance)", "66.7\u{a0}% of 3 ratings from 20 to 26 Nov 2026"];
    assert_eq!(shows(&page, &texts), [true; 2], "{}", page.text);
}

#[tokio::test]
async fn a_target_is_shown_with_its_verdict() {
    let target = |csat, team: Option<&str>| TargetSettings {
        csat,
        from: "2026-11-01".parse().expect("a day"),
        team: team.map(str::to_owned),
        teammate: None,
    };
    let targets = vec![target(90, None), target(10, Some("Sales"))];
    let desk = rate(Desk::with(|config: &mut Config| config.report.targets = targets).await).await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens("/admin?by=team").await;
    let texts = ["Target 90\u{a0}%: too few ratings to say", "Since 1 Nov 2026.", "<td>10\u{a0}%: met</td>"];
    assert_eq!(shows(&page, &texts), [true; 3], "{}", page.text);
    let part = browser.opens("/admin?team=Billing").await;
    assert_eq!(shows(&part, &["Target"]), [false], "Billing has none: {}", part.text);
    let own = desk.key(Scope::Read, None, Some("Sales")).await;
    let own = Browser::with(&desk, &own).await.opens("/admin").await;
    assert_eq!(shows(&own, &["Target 10\u{a0}%: met"]), [true], "{}", own.text);
}

#[tokio::test]
async fn what_customers_ticked_is_counted_in_the_part_that_is_shown() {
    let desk = Desk::with(|config| {
        config.reasons.offered[0] = vec!["slow".into(), "rude".into()];
        let words = [("slow", "It took too long"), ("rude", "Not friendly")];
        let words = words.map(|(key, text)| (key.to_owned(), text.to_owned()));
        config.reasons.texts = [("en".to_owned(), words.into())].into();
    })
    .await;
    let none = Browser::with(&desk, &desk.admin).await.opens("/admin").await;
    assert_eq!(shows(&none, &["Ticked"]), [false]);
    for (conversation, team, ticked) in [("1", "A", vec!["slow"]), ("2", "A", vec!["slow", "rude"]), ("3", "B", vec![])]
    {
        let teammate = json!({"id": format!("t{team}"), "name": format!("Of {team}"), "team": team});
        let customers = json!([{"email": format!("c{conversation}@example.org")}]);
        desk.close(json!({"conversation_id": conversation, "teammate": teammate, "customers": customers})).await;
        let link = desk.the_mail().await.links[0].clone();
        desk.pass(TimeDelta::minutes(10));
        let page = desk.visit(&link).await.page_token();
        desk.pass(TimeDelta::seconds(10));
        let ticks = ticked.iter().map(|key| ("reason", *key));
        desk.submit(&link, &[("page", page.as_str())].into_iter().chain(ticks).collect::<Vec<_>>()).await;
    }
    let browser = Browser::with(&desk, &desk.admin).await;
    let all = browser.opens("/admin?by=team").await;
    let texts = [
        "It took too long</th><td class=\"number\">2</td><td class=\"number\">66.7\u{a0}%</td>",
        "Not friendly</th><td class=\"number\">1</td><td class=\"number\">33.3\u{a0}%</td>",
    ];
    assert_eq!(shows(&all, &texts), [true; 2], "{}", all.text);
    let part = browser.opens("/admin?team=A").await;
    let texts = ["<td class=\"number\">2</td><td class=\"number\">100.0\u{a0}%</td>", "It took too long"];
    assert_eq!(shows(&part, &texts), [true; 2], "{}", part.text);
    assert_eq!(shows(&browser.opens("/admin?team=B").await, &["Ticked"]), [false]);
    for path in ["/admin/ratings?teammate=tA", "/admin/follow-up?teammate=tA"] {
        let page = browser.opens(path).await;
        let texts = ["<b>Reasons:</b> Not friendly; It took too long", "Teammate Of A</span>"];
        assert_eq!(shows(&page, &texts), [true; 2], "in words: {}", page.text);
    }
}

#[tokio::test]
async fn the_comparison_counts_the_same_ratings_as_others_do() {
    let desk = rated().await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens("/admin/compare").await;
    let texts =
        ["the same 3 ratings", "Intercom", "Zendesk, good or bad", "2 of 3 ratings", "3.67", "the mean of 3 ratings"];
    assert_eq!(shows(&page, &texts), [true; 6], "{}", page.text);
    let part = browser.opens("/admin/compare?team=Sales&none=tag").await;
    assert_eq!(shows(&part, &["the same 1 rating,", "No tag", "4.00"]), [true; 3], "{}", part.text);
    let none = browser.opens("/admin/compare?from=2026-09-01&to=2026-09-30").await;
    assert!(none.status == 200 && none.text.contains("Nobody has rated in this time yet"), "{}", none.text);
    assert_eq!(browser.opens("/admin/compare?from=x").await.status, 422);
    let own = desk.key(Scope::Read, None, Some("Sales")).await;
    let own = Browser::with(&desk, &own).await.opens("/admin/compare").await;
    assert!(own.text.contains("the same 1 rating,"), "a limited key: {}", own.text);
}

#[tokio::test]
async fn pages_lead_to_each_other_with_the_period_and_the_filters() {
    let desk = rated().await;
    let browser = Browser::with(&desk, &desk.admin).await;
    let page = browser.opens("/admin/ratings?period=90d&channel=chat&team=Sales&score=low").await;
    let texts = [
        "<a href=\"/admin?period=90d&#38;channel=chat&#38;team=Sales\">Overview</a>",
        "aria-current=\"page\">Ratings</a>",
        "<a href=\"/admin/compare?period=90d&#38;channel=chat&#38;team=Sales\">Compare</a>",
    ];
    assert_eq!(shows(&page, &texts), [true; 3], "{}", page.text);
    let (_, rest) = page.text.split_once("<nav aria-label=\"Pages\">").expect("a navigation");
    let (links, _) = rest.split_once("</nav>").expect("an end");
    for path in links.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert_eq!(browser.opens(&path.replace("&#38;", "&")).await.status, 200, "{path}");
    }
}
