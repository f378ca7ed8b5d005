//! An alert as a message for an incoming webhook of Slack, and of those that take its messages: Mattermost, Rocket.Chat
//! and Discord.
//!
//! It owns the format, and that nobody's words become a link, a mention or a format of it. It must not know which
//! ratings alert, nor how the message is sent.

use crate::survey::alert::Alert;
use serde_json::{Value, json};

/// The body of the request. Slack shows the blocks. The others show `text`, which therefore says all, without the bold
/// type and the named links that each of them spells in its own way.
#[must_use]
pub fn message(alert: &Alert) -> Value {
    let title = format!("{} {}", alert.face, alert.title);
    let links: Vec<_> = alert.links.iter().map(|(name, url)| format!("<{}|{name}>", escape(&address(url)))).collect();
    let plain = |text: &str| json!({"type": "plain_text", "text": text, "emoji": false});
    let facts = alert.facts.join("\n");
    let mut blocks = vec![json!({"type": "header", "text": plain(&title)})];
    blocks.extend(alert.comment.iter().map(|text| json!({"type": "section", "text": plain(&format!("“{text}”"))})));
    if !facts.is_empty() {
        blocks.push(json!({"type": "context", "elements": [plain(&facts)]}));
    }
    // Verbatim: nothing in it becomes a link or a mention but what is written as one.
    let links = json!({"type": "mrkdwn", "text": links.join(" · "), "verbatim": true});
    blocks.push(json!({"type": "section", "text": links}));
    json!({"text": text(alert, &title), "blocks": blocks})
}

fn text(alert: &Alert, title: &str) -> String {
    let words = [title].into_iter().chain(alert.facts.iter().map(String::as_str));
    let comment = alert.comment.iter().map(|text| format!("“{}”", unformatted(text)));
    let links = alert.links.iter().map(|(name, url)| format!("{name}: {}", address(url)));
    words.map(unformatted).chain(comment).chain(links).collect::<Vec<_>>().join("\n")
}

/// The three characters that Slack reads as markup.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Words that stay words in Slack's markup and in Markdown. Addresses and mentions are gone already: an alert has none.
fn unformatted(text: &str) -> String {
    escape(text).replace("](", "] (").replace('`', "'")
}

/// An address whose end nobody can mistake: the characters that end one are not valid in it anyway.
fn address(url: &str) -> String {
    url.replace('<', "%3C").replace('>', "%3E").replace('|', "%7C").replace('`', "%60")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::alert::Form;
    use crate::survey::alert::tests::{commented, event, scores};
    use crate::survey::closing::Teammate;
    use crate::survey::event::Event;
    use proptest::prelude::*;

    fn told(event: &Event, form: Form) -> Value {
        message(&Alert::new(event, form, &scores(&[1, 2], &[]), "https://rate.example.com").expect("an alert"))
    }

    #[test]
    fn a_rating() {
        insta::assert_json_snapshot!(told(&event(), Form::Whole), @r#"
        {
          "text": "😠 Terrible rating from Ada Example, for Billing\nAnswered by Grace\nAbout: Refund\nConversation: https://desk.example.com/8841\nFollow-up: https://rate.example.com/admin/follow-up/00000000-0000-0000-0000-0000000000af\nRating: https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af",
          "blocks": [
            {
              "type": "header",
              "text": {
                "type": "plain_text",
                "text": "😠 Terrible rating from Ada Example, for Billing",
                "emoji": false
              }
            },
            {
              "type": "context",
              "elements": [
                {
                  "type": "plain_text",
                  "text": "Answered by Grace\nAbout: Refund",
                  "emoji": false
                }
              ]
            },
            {
              "type": "section",
              "text": {
                "type": "mrkdwn",
                "text": "<https://desk.example.com/8841|Conversation> · <https://rate.example.com/admin/follow-up/00000000-0000-0000-0000-0000000000af|Follow-up> · <https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af|Rating>",
                "verbatim": true
              }
            }
          ]
        }
        "#);
    }

    #[test]
    fn a_comment_after_the_alert() {
        insta::assert_json_snapshot!(told(&commented("Nobody read & answered"), Form::Comment), @r#"
        {
          "text": "😠 Comment from Ada Example, for Billing\nYou know the rating already: terrible. The customer now wrote a comment.\nAnswered by Grace\nAbout: Refund\n“Nobody read &amp; answered”\nConversation: https://desk.example.com/8841\nFollow-up: https://rate.example.com/admin/follow-up/00000000-0000-0000-0000-0000000000af\nRating: https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af",
          "blocks": [
            {
              "type": "header",
              "text": {
                "type": "plain_text",
                "text": "😠 Comment from Ada Example, for Billing",
                "emoji": false
              }
            },
            {
              "type": "section",
              "text": {
                "type": "plain_text",
                "text": "“Nobody read & answered”",
                "emoji": false
              }
            },
            {
              "type": "context",
              "elements": [
                {
                  "type": "plain_text",
                  "text": "You know the rating already: terrible. The customer now wrote a comment.\nAnswered by Grace\nAbout: Refund",
                  "emoji": false
                }
              ]
            },
            {
              "type": "section",
              "text": {
                "type": "mrkdwn",
                "text": "<https://desk.example.com/8841|Conversation> · <https://rate.example.com/admin/follow-up/00000000-0000-0000-0000-0000000000af|Follow-up> · <https://rate.example.com/admin/ratings/00000000-0000-0000-0000-0000000000af|Rating>",
                "verbatim": true
              }
            }
          ]
        }
        "#);
    }

    #[test]
    fn the_conversations_address_ends_where_it_ends() {
        let url = "https://desk.example.com/1?a=1&b=<!channel>|x`y";
        let told = told(&Event { url: Some(url.into()), ..event() }, Form::Whole);
        let links = told["blocks"][2]["text"]["text"].as_str().expect("links");
        let first = "<https://desk.example.com/1?a=1&amp;b=%3C!channel%3E%7Cx%60y|Conversation>";
        assert!(links.starts_with(first), "{links}");
        assert!(told["text"].as_str().expect("text").contains("Conversation: https://desk.example.com/1?a=1&b=%3C!ch"));
    }

    /// Every text of a message that is read as markup.
    fn markup(message: &Value) -> String {
        let blocks = message["blocks"].as_array().expect("blocks").iter();
        let marked = blocks.filter(|block| block["text"]["type"] == "mrkdwn").map(|block| &block["text"]["text"]);
        marked.chain([&message["text"]]).map(|text| text.as_str().expect("text")).collect::<Vec<_>>().join("\n")
    }

    proptest! {
        #[test]
        fn words_of_strangers_are_never_markup(
            words in "(<!channel>|<!here>|@here|@everyone|<@U1>|\\[x\\]\\(tel:1\\)|`|<http://e.example|x>|&lt;|[a-z ]{1,4}){1,8}",
        ) {
            let teammate = Teammate { id: "t".into(), name: Some(words.clone()), email: None, team: None };
            let event = Event {
                customer_name: Some(words.clone()), subject: Some(words.clone()), team: Some(words.clone()),
                teammate: Some(teammate), ..commented(&words)
            };
            let told = told(&event, Form::Whole);
            let markup = markup(&told);
            for link in markup.split('<').skip(1) {
                prop_assert!(link.starts_with("https://desk.example.com/") || link.starts_with("https://rate.example.com/"));
            }
            for injected in ["@", "](", "`", "http://"] {
                prop_assert!(!markup.contains(injected), "{injected} in {markup}");
            }
        }
    }
}
