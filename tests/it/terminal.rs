//! How the command line looks, to the character: its lists, and the help of each command.

use crate::desk::Desk;
use crate::process;
use afterword::cli::Arguments;
use afterword::survey::access::{Scope, Within};
use chrono::TimeDelta;
use clap::CommandFactory;
use serde_json::json;
use std::path::Path;

fn afterword(folder: &Path, arguments: &[&str]) -> String {
    let done = process::afterword(folder, arguments).env_clear().output().expect("the program runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("UTF-8")
}

#[tokio::test]
async fn the_list_of_keys() {
    let desk = Desk::open().await;
    let billing = Within { teammate: Some("t7".to_owned()), team: Some("Billing".to_owned()) };
    let mut ids = vec![desk.admin.split('_').nth(2).expect("an id").to_owned()];
    for (name, scope, within) in
        [("helpdesk", Scope::Trigger, Within::default()), ("Grace's own", Scope::Read, billing)]
    {
        desk.pass(TimeDelta::days(1));
        ids.push(desk.gateway.new_key(name, scope, within).await.expect("a key").id);
    }
    desk.pass(TimeDelta::days(1));
    assert!(desk.gateway.revoke_key(&ids[1]).await.expect("revoked"));
    let listed = afterword(desk.folder.path(), &["key", "list"]);
    let listed = (1..).zip(&ids).fold(listed, |listed, (number, id)| listed.replace(id, &format!("{number:012}")));
    insta::assert_snapshot!(listed, @"
    ID            SCOPE    MADE        USED        EXPIRES     REVOKED     NAME
    000000000001  admin    2026-11-22  -           -           -           tests
    000000000002  trigger  2026-11-23  -           -           2026-11-25  helpdesk
    000000000003  read     2026-11-24  -           -           -           Grace's own (teammate t7) (team Billing)
    ");
}

#[tokio::test]
async fn the_list_of_suppressions() {
    let desk = Desk::open().await;
    desk.close(json!({})).await;
    let mail = desk.the_mail().await;
    desk.submit(&mail.unsubscribe, &[]).await;
    desk.pass(TimeDelta::days(1));
    desk.put("/v1/suppressions/eve@example.com", Some(json!({"cause": "complained"}))).await;
    let hash = &desk.sql("SELECT address_hash FROM suppression ORDER BY at").await[0][0];
    let listed = afterword(desk.folder.path(), &["suppression", "list"]);
    insta::assert_snapshot!(listed.replace(hash, &"0".repeat(hash.len())), @"
    SINCE                 CAUSE       ADDRESS OR HASH
    2026-11-23T10:00:00Z  complained  eve@example.com
    2026-11-22T10:00:00Z  opted_out   00000000000000000000000000000000
    ");
}

/// The names of a command and of all below it, each as it is typed.
fn commands(above: &[&str], command: &clap::Command, found: &mut Vec<Vec<String>>) {
    found.push(above.iter().map(|&name| name.to_owned()).collect());
    for below in command.get_subcommands() {
        commands(&[above, &[below.get_name()]].concat(), below, found);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "nearly all of them are the help")]
fn the_help_of_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut found = Vec::new();
    commands(&[], &Arguments::command(), &mut found);
    let helps = found.iter().map(|names| {
        let arguments: Vec<_> = names.iter().map(String::as_str).chain(["--help"]).collect();
        format!("$ afterword {}\n{}", arguments.join(" "), afterword(folder.path(), &arguments))
    });
    let text = helps.collect::<Vec<_>>().join("\n");
    // Clap pads empty lines.
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    $ afterword --help
    Asks customers by email how a finished support conversation was

    Usage: afterword [OPTIONS] <COMMAND>

    Commands:
      demo         Try Afterword with made-up history and a built-in inbox; needs no configuration or mail server
      init         Write a first configuration, and make the database and a key; asks for what the options leave out
      serve        Run the service: the HTTP API, the rating pages and the sending of mail
      status       Print how the service does: its mails, errors and workers; the first thing to type when no mails come
      healthcheck  Ask the running service whether it is ready, and fail if not; for the health check of a container
      key          Create, list and revoke keys of the HTTP API, and replace the keys that sign links
      report       Print CSAT by teammate, team, tag, month and more
      ratings      Print ratings with their comments, reasons and answers, newest first
      follow-ups   Print the unhappy customers whom nobody has called back yet, oldest first
      decisions    Print why nobody was asked: how many closings failed each rule
      why          Tell the story of a conversation: what was decided and why, its mail, and every click
      mail         List mails by state and reason; pause and resume sending; send failed mails again
      preview      Write a sample mail to files, with a page that shows it as customers may see it
      send-test    Send a test mail, which counts in no report, and print the server's answer
      digest       Show who gets the weekly digest, see and test it, and turn it on again for who opted out
      bounce       Process a bounce or complaint that a mail server pipes to standard input
      helpdesk     Find out what a helpdesk's own webhooks report, and why nothing happens
      webhook      Show the targets of events, send a test, and send events again
      suppression  Manage the suppression list: addresses that get no survey mail
      erase        Erase who a customer is, what it was about and what they wrote, and never ask the address again
      export       Print everything that is stored about a customer, as JSON
      check        Check the configuration, the machine, the relay and the public URL, and say what to do about each failure
      backup       Copy the database and the key file while the service runs
      config       Print the settings that apply and where each comes from; secrets are hidden
      openapi      Print the description of the HTTP API, as OpenAPI 3.1; for programs that make clients of it
      completions  Print the completions of a shell
      man          Write the manual pages
      help         Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword demo --help
    Try Afterword with made-up history and a built-in inbox; needs no configuration or mail server

    Usage: afterword demo [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --dir <DIR>      The folder to keep the demo in; by default a temporary one, which is removed when the demo ends
          --port <PORT>    The port to listen on, on 127.0.0.1 [default: 8080]
          --open           Open the page in a browser
      -h, --help           Print help
      -V, --version        Print version

    $ afterword init --help
    Write a first configuration, and make the database and a key; asks for what the options leave out

    Usage: afterword init [OPTIONS]

    Options:
          --brand <NAME>               The name that customers recognise
          --config <FILE>              The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --public-url <URL>           Where customers reach the service, such as https://rate.example.com
          --from <MAILBOX>             The sender, such as "Example Support <support@example.com>"
          --smtp <TARGET>              The relay, such as smtps://user@relay.example.com; file:DIR writes mails to a folder and sends none
          --smtp-password-file <FILE>  A file that holds the password of the user in --smtp
          --database <FILE>            The database file [default: afterword.db]
      -h, --help                       Print help
      -V, --version                    Print version

    $ afterword serve --help
    Run the service: the HTTP API, the rating pages and the sending of mail

    Usage: afterword serve [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --new-database   Begin an empty database although its key file is there; the empty one does not know who must not be asked
      -h, --help           Print help
      -V, --version        Print version

    $ afterword status --help
    Print how the service does: its mails, errors and workers; the first thing to type when no mails come

    Usage: afterword status [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --json           Print JSON, as the HTTP API returns it
      -h, --help           Print help
      -V, --version        Print version

    $ afterword healthcheck --help
    Ask the running service whether it is ready, and fail if not; for the health check of a container

    Usage: afterword healthcheck [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword key --help
    Create, list and revoke keys of the HTTP API, and replace the keys that sign links

    Usage: afterword key [OPTIONS] <COMMAND>

    Commands:
      new           Create a key of the API and print it once, on the last line
      list          List all keys of the API
      revoke        Revoke a key of the API permanently
      rotate-links  Make a new key that signs links from the next start of the service; the old ones still verify
      replace-lost  Go on without a lost key file: make a new one, and keep what suppressions can be kept
      help          Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword key new --help
    Create a key of the API and print it once, on the last line

    Usage: afterword key new [OPTIONS] --scope <SCOPE> --name <NAME>

    Options:
          --config <FILE>   The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --scope <SCOPE>   What the key may do: trigger (helpdesks), read (reports) or admin (everything)
          --name <NAME>     A name that tells keys apart
          --expires <WHEN>  When it ends by itself: after a time such as 90d, or after a day such as 2027-01-31; by default never
          --teammate <ID>   Limit a read key to this teammate's ratings
          --team <NAME>     Limit a read key to this team's ratings
      -h, --help            Print help
      -V, --version         Print version

    $ afterword key list --help
    List all keys of the API

    Usage: afterword key list [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword key revoke --help
    Revoke a key of the API permanently

    Usage: afterword key revoke [OPTIONS] <ID>

    Arguments:
      <ID>  The key's id, as `key list` shows it

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword key rotate-links --help
    Make a new key that signs links from the next start of the service; the old ones still verify

    Usage: afterword key rotate-links [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword key replace-lost --help
    Go on without a lost key file: make a new one, and keep what suppressions can be kept

    Usage: afterword key replace-lost [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword report --help
    Print CSAT by teammate, team, tag, month and more

    Usage: afterword report [OPTIONS]

    Options:
          --by <BY>
              What each row is about: teammate, team, channel, tag, policy, language, connection, day, week or month, or two of them with a comma between

              [default: teammate]

          --config <FILE>
              The configuration file; by default ./afterword.toml, or built-in settings if there is none

              [env: AFTERWORD_CONFIG=]

          --from <DAY>
              The first local day, or an instant; by default the report covers 30 days

          --to <DAY>
              The last local day, or an instant at which the report ends; by default today

          --teammate <ID>
              Only what counts for the teammate with this id; an empty value picks what has none, here and below

          --team <TEAM>
              Only what counts for this team

          --channel <CHANNEL>
              Only conversations of this channel

          --tag <TAG>
              Only conversations with this tag

          --policy <POLICY>
              Only what was asked by this policy

          --language <LANGUAGE>
              Only customers of this language, such as de

          --connection <CONNECTION>
              Only conversations that this configured helpdesk reported

          --compare
              Show the period before beside it: as many whole months, or else as many days

          --format <FORMAT>
              The output format

              Possible values:
              - table: For people
              - csv:   For spreadsheets
              - json:  For programs, as the HTTP API returns it

              [default: table]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    $ afterword ratings --help
    Print ratings with their comments, reasons and answers, newest first

    Usage: afterword ratings [OPTIONS]

    Options:
          --config <FILE>
              The configuration file; by default ./afterword.toml, or built-in settings if there is none

              [env: AFTERWORD_CONFIG=]

          --from <DAY>
              The first local day, or an instant; by default the list covers 30 days

          --to <DAY>
              The last local day, or an instant at which the list ends; by default today

          --score <SCORE>
              Only ratings with this score, 1 to 5; repeat it for several

          --teammate <ID>
              Only what counts for the teammate with this id; an empty value picks what has none, here and below

          --team <TEAM>
              Only what counts for this team

          --channel <CHANNEL>
              Only conversations of this channel

          --tag <TAG>
              Only conversations with this tag

          --policy <POLICY>
              Only what was asked by this policy

          --language <LANGUAGE>
              Only customers of this language, such as de

          --connection <CONNECTION>
              Only conversations that this configured helpdesk reported

          --commented [<BOOL>]
              Only ratings with a comment; with `false`, only those without

              [possible values: true, false]

          --text <TEXT>
              Only ratings with this text in the comment, in lower or upper case

          --standing <STANDING>
              Which ratings, by where they stand: counted, held or voided

              [default: counted]

          --format <FORMAT>
              The output format

              Possible values:
              - table: For people
              - csv:   For spreadsheets
              - json:  For programs, as the HTTP API returns it

              [default: table]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    $ afterword follow-ups --help
    Print the unhappy customers whom nobody has called back yet, oldest first

    Usage: afterword follow-ups [OPTIONS]

    Options:
          --config <FILE>
              The configuration file; by default ./afterword.toml, or built-in settings if there is none

              [env: AFTERWORD_CONFIG=]

          --state <STATE>
              Only those in this state: open, taken or done; by default open and taken ones

          --from <DAY>
              Only those opened on this local day or at this instant, or later

          --to <DAY>
              Only those opened up to this local day, or before this instant

          --teammate <ID>
              Only what counts for the teammate with this id

          --team <TEAM>
              Only what counts for this team

          --format <FORMAT>
              The output format

              Possible values:
              - table: For people
              - csv:   For spreadsheets
              - json:  For programs, as the HTTP API returns it

              [default: table]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    $ afterword decisions --help
    Print why nobody was asked: how many closings failed each rule

    Usage: afterword decisions [OPTIONS]

    Options:
          --by <BY>
              What each row is about: rule, team, teammate, day, week or month

              [default: rule]

          --config <FILE>
              The configuration file; by default ./afterword.toml, or built-in settings if there is none

              [env: AFTERWORD_CONFIG=]

          --from <DAY>
              The first local day; by default the counts cover 30 days

          --to <DAY>
              The last local day; by default today

          --teammate <ID>
              Only what counts for the teammate with this id

          --team <TEAM>
              Only what counts for this team

          --compare
              Show the period before beside it: as many whole months, or else as many days

          --format <FORMAT>
              The output format

              Possible values:
              - table: For people
              - csv:   For spreadsheets
              - json:  For programs, as the HTTP API returns it

              [default: table]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    $ afterword why --help
    Tell the story of a conversation: what was decided and why, its mail, and every click

    Usage: afterword why [OPTIONS] <CONVERSATION>

    Arguments:
      <CONVERSATION>
              The conversation, by the id that the helpdesk gave it

    Options:
          --config <FILE>
              The configuration file; by default ./afterword.toml, or built-in settings if there is none

              [env: AFTERWORD_CONFIG=]

          --connection <NAME>
              The connection that reported it; by default the plain API

          --format <FORMAT>
              The output format

              Possible values:
              - text: For people
              - json: For programs, as the HTTP API returns it

              [default: text]

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    $ afterword mail --help
    List mails by state and reason; pause and resume sending; send failed mails again

    Usage: afterword mail [OPTIONS] [COMMAND]

    Commands:
      pause    Pause sending until `afterword mail resume`, also across restarts
      resume   Resume sending that was paused by hand, or that a restored backup left paused
      requeue  Send failed mails again, those whose rate window is open
      help     Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword mail pause --help
    Pause sending until `afterword mail resume`, also across restarts

    Usage: afterword mail pause [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --why <WHY>      The reason, for colleagues [default: maintenance]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword mail resume --help
    Resume sending that was paused by hand, or that a restored backup left paused

    Usage: afterword mail resume [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword mail requeue --help
    Send failed mails again, those whose rate window is open

    Usage: afterword mail requeue [OPTIONS] <--all|--reason <TEXT>|--survey <ID>>

    Options:
          --all            All that failed
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --reason <TEXT>  Those whose reason holds this text, whatever its case
          --survey <ID>    The mail of this survey
      -h, --help           Print help
      -V, --version        Print version

    $ afterword preview --help
    Write a sample mail to files, with a page that shows it as customers may see it

    Usage: afterword preview [OPTIONS] --out <DIR>

    Options:
          --config <FILE>    The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --locale <LOCALE>  The customer's language, such as de, de-AT or zh-Hans
          --policy <NAME>    The policy whose custom texts apply
          --out <DIR>        The folder to write to; it is created if missing
      -h, --help             Print help
      -V, --version          Print version

    $ afterword send-test --help
    Send a test mail, which counts in no report, and print the server's answer

    Usage: afterword send-test [OPTIONS] <ADDRESS>

    Arguments:
      <ADDRESS>  The recipient; quiet periods and suppressions do not apply

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword digest --help
    Show who gets the weekly digest, see and test it, and turn it on again for who opted out

    Usage: afterword digest [OPTIONS] <COMMAND>

    Commands:
      list       List who gets a digest, when the next one is due, and who opted out
      preview    Write the digest about the last whole week to files, and send nothing
      send-test  Send the digest about the last whole week as a test, now, and print the server's answer
      resume     Let an address that opted out have its digests again
      help       Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword digest list --help
    List who gets a digest, when the next one is due, and who opted out

    Usage: afterword digest list [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword digest preview --help
    Write the digest about the last whole week to files, and send nothing

    Usage: afterword digest preview [OPTIONS] --out <DIR>

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --teammate <ID>  Only what counts for the teammate with this id
          --team <TEAM>    Only what counts for this team
          --no-comments    Leave out what customers wrote
          --out <DIR>      The folder to write to; it is created if missing
      -h, --help           Print help
      -V, --version        Print version

    $ afterword digest send-test --help
    Send the digest about the last whole week as a test, now, and print the server's answer

    Usage: afterword digest send-test [OPTIONS] <ADDRESS>

    Arguments:
      <ADDRESS>  The recipient; the digest of the week still goes to all who get it

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --teammate <ID>  Only what counts for the teammate with this id
          --team <TEAM>    Only what counts for this team
          --no-comments    Leave out what customers wrote
      -h, --help           Print help
      -V, --version        Print version

    $ afterword digest resume --help
    Let an address that opted out have its digests again

    Usage: afterword digest resume [OPTIONS] <ADDRESS>

    Arguments:
      <ADDRESS>  The address

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword bounce --help
    Process a bounce or complaint that a mail server pipes to standard input

    Usage: afterword bounce [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword helpdesk --help
    Find out what a helpdesk's own webhooks report, and why nothing happens

    Usage: afterword helpdesk [OPTIONS] <COMMAND>

    Commands:
      try   Judge a saved payload: its signature, what it reports, which facts are unknown, and what would be decided
      help  Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword helpdesk try --help
    Judge a saved payload: its signature, what it reports, which facts are unknown, and what would be decided

    Usage: afterword helpdesk try [OPTIONS] <NAME> <FILE>

    Arguments:
      <NAME>  The helpdesk, by its name in the configuration
      <FILE>  The payload, byte for byte as it was sent; "-" reads it from standard input

    Options:
          --config <FILE>         The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --header <NAME: VALUE>  A header that was sent with it, such as "X-Hub-Signature: sha1=…"; repeat it for several
      -h, --help                  Print help
      -V, --version               Print version

    $ afterword webhook --help
    Show the targets of events, send a test, and send events again

    Usage: afterword webhook [OPTIONS] <COMMAND>

    Commands:
      list    List the targets of events: what waits for each, and what failed
      test    Send a made-up event now, and print whether it was taken; nothing is stored or tried again
      replay  Send events of the last 30 days again, each with its id, if it still holds
      enable  Send events again to a target that was turned off because it answered 410
      secret  Print a new secret, which signs events
      help    Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword webhook list --help
    List the targets of events: what waits for each, and what failed

    Usage: afterword webhook list [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --json           Print JSON
      -h, --help           Print help
      -V, --version        Print version

    $ afterword webhook test --help
    Send a made-up event now, and print whether it was taken; nothing is stored or tried again

    Usage: afterword webhook test [OPTIONS] <NAME>

    Arguments:
      <NAME>  Its name in the configuration: crm for webhook.crm, or alert.chat

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --event <EVENT>  The kind of event, such as rating.set [default: rating.set]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword webhook replay --help
    Send events of the last 30 days again, each with its id, if it still holds

    Usage: afterword webhook replay [OPTIONS] <--failed|--since <TIME>|--event <ID>> <NAME>

    Arguments:
      <NAME>  Its name in the configuration: crm for webhook.crm, alert.chat, or helpdesk.shop for notes

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --failed         The events that failed
          --since <TIME>   Everything that happened since, such as 2026-11-24T14:00:00Z
          --event <ID>     One event, by the id that its receiver saw
      -h, --help           Print help
      -V, --version        Print version

    $ afterword webhook enable --help
    Send events again to a target that was turned off because it answered 410

    Usage: afterword webhook enable [OPTIONS] <NAME>

    Arguments:
      <NAME>  Its name in the configuration: crm for webhook.crm, alert.chat, or helpdesk.shop for notes

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword webhook secret --help
    Print a new secret, which signs events

    Usage: afterword webhook secret [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword suppression --help
    Manage the suppression list: addresses that get no survey mail

    Usage: afterword suppression [OPTIONS] <COMMAND>

    Commands:
      list    List suppressions, newest first: time, cause, and the address if an admin entered it, else its hash
      add     Suppress an address: it gets no more survey mail
      remove  Lift every suppression of an address, whatever the cause
      help    Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword suppression list --help
    List suppressions, newest first: time, cause, and the address if an admin entered it, else its hash

    Usage: afterword suppression list [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword suppression add --help
    Suppress an address: it gets no more survey mail

    Usage: afterword suppression add [OPTIONS] <ADDRESS>

    Arguments:
      <ADDRESS>  The address

    Options:
          --cause <opted_out|bounced|complained>
              Why it is suppressed [default: opted_out]
          --config <FILE>
              The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help
              Print help
      -V, --version
              Print version

    $ afterword suppression remove --help
    Lift every suppression of an address, whatever the cause

    Usage: afterword suppression remove [OPTIONS] <ADDRESS>

    Arguments:
      <ADDRESS>  The address, or its hash as the list shows it

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword erase --help
    Erase who a customer is, what it was about and what they wrote, and never ask the address again

    Usage: afterword erase [OPTIONS] <ADDRESS>

    Arguments:
      <ADDRESS>  The customer's address

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword export --help
    Print everything that is stored about a customer, as JSON

    Usage: afterword export [OPTIONS] <ADDRESS>

    Arguments:
      <ADDRESS>  The customer's address

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword check --help
    Check the configuration, the machine, the relay and the public URL, and say what to do about each failure

    Usage: afterword check [OPTIONS]

    Options:
          --config <FILE>    The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --json             Print JSON, one object for each check
          --reports          Count all ratings anew to prove the reports, not only those of the last days: minutes for millions
          --rebuild-reports  Make the sums that reports read anew, also while the service runs
      -h, --help             Print help
      -V, --version          Print version

    $ afterword backup --help
    Copy the database and the key file while the service runs

    Usage: afterword backup [OPTIONS] <FILE>

    Arguments:
      <FILE>  The file to write the database to; the key file goes beside it, as FILE.keys

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword config --help
    Print the settings that apply and where each comes from; secrets are hidden

    Usage: afterword config [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
          --json           Print JSON instead of TOML
      -h, --help           Print help
      -V, --version        Print version

    $ afterword openapi --help
    Print the description of the HTTP API, as OpenAPI 3.1; for programs that make clients of it

    Usage: afterword openapi [OPTIONS]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword completions --help
    Print the completions of a shell

    Usage: afterword completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>  The shell [possible values: bash, zsh, fish]

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version

    $ afterword man --help
    Write the manual pages

    Usage: afterword man [OPTIONS] [DIR]

    Arguments:
      [DIR]  The folder to write a page for each command to; without it the page of the program is printed

    Options:
          --config <FILE>  The configuration file; by default ./afterword.toml, or built-in settings if there is none [env: AFTERWORD_CONFIG=]
      -h, --help           Print help
      -V, --version        Print version
    "#);
}
