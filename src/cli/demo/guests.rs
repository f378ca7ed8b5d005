//! Who writes to the shop while somebody watches: one customer for each language that mails are written in.
//!
//! It owns names, subjects and reasons only. It must not know what becomes of a conversation.

use crate::config::ReasonSettings;
use crate::survey::rating::Score;
use std::collections::BTreeMap;

/// A customer and what they wrote about.
#[derive(Debug)]
pub(super) struct Guest {
    /// The language tag, as helpdesks name it.
    pub locale: &'static str,
    /// The language's own name.
    pub language: &'static str,
    pub name: &'static str,
    pub email: &'static str,
    pub subject: &'static str,
    /// The texts of the [`REASONS`].
    pub reasons: [&'static str; 3],
}

pub(super) const SLOW: &str = "slow";
pub(super) const UNSOLVED: &str = "unsolved";
pub(super) const UNCLEAR: &str = "unclear";
/// The keys of the reasons that customers may tick.
const REASONS: [&str; 3] = [SLOW, UNSOLVED, UNCLEAR];
/// The scores that are asked why: those that count as unhappy or indifferent, worst first.
pub(super) const ASKED_WHY: [Score; 3] = [Score::ALL[0], Score::ALL[1], Score::ALL[2]];

/// The reasons to tick, in the languages of all guests.
pub(super) fn reasons() -> ReasonSettings {
    let mut settings = ReasonSettings::default();
    for score in ASKED_WHY {
        settings.offered[score.index()] = REASONS.map(str::to_owned).into();
    }
    let texts = |guest: &Guest| -> BTreeMap<String, String> {
        REASONS.into_iter().zip(guest.reasons).map(|(key, text)| (key.to_owned(), text.to_owned())).collect()
    };
    settings.texts = GUESTS.iter().map(|guest| (guest.locale.to_owned(), texts(guest))).collect();
    settings
}

/// English first: it is what a visitor gets without a choice. None of these addresses is in the history, where some
/// customers have unsubscribed.
pub(super) const GUESTS: [Guest; 14] = [
    guest(
        "en",
        "English",
        "Ada Winter",
        "ada.winter@guest.example.com",
        "My lamp flickers",
        ["It took too long", "My problem isn’t solved", "I didn’t understand the answer"],
    ),
    guest(
        "de",
        "Deutsch",
        "Clara Fischer",
        "clara.fischer@guest.example.com",
        "Meine Lampe flackert",
        ["Es hat zu lange gedauert", "Mein Problem ist nicht gelöst", "Ich habe die Antwort nicht verstanden"],
    ),
    guest(
        "fr",
        "Français",
        "Camille Moreau",
        "camille.moreau@guest.example.com",
        "Ma lampe clignote",
        ["C’était trop long", "Mon problème n’est pas résolu", "Je n’ai pas compris la réponse"],
    ),
    guest(
        "es",
        "Español",
        "Lucía Romero",
        "lucia.romero@guest.example.com",
        "Mi lámpara parpadea",
        ["Tardó demasiado", "Mi problema no está resuelto", "No entendí la respuesta"],
    ),
    guest(
        "pt-BR",
        "Português",
        "Rafael Costa",
        "rafael.costa@guest.example.com",
        "Minha luminária está piscando",
        ["Demorou demais", "Meu problema não foi resolvido", "Não entendi a resposta"],
    ),
    guest(
        "it",
        "Italiano",
        "Giulia Ricci",
        "giulia.ricci@guest.example.com",
        "La mia lampada sfarfalla",
        ["Ci è voluto troppo tempo", "Il mio problema non è risolto", "Non ho capito la risposta"],
    ),
    guest(
        "nl",
        "Nederlands",
        "Sanne de Vries",
        "sanne.devries@guest.example.com",
        "Mijn lamp knippert",
        ["Het duurde te lang", "Mijn probleem is niet opgelost", "Ik begreep het antwoord niet"],
    ),
    guest(
        "pl",
        "Polski",
        "Zofia Nowak",
        "zofia.nowak@guest.example.com",
        "Moja lampa miga",
        ["Trwało to zbyt długo", "Mój problem nie został rozwiązany", "Nie rozumiem odpowiedzi"],
    ),
    guest(
        "sv",
        "Svenska",
        "Elsa Lindberg",
        "elsa.lindberg@guest.example.com",
        "Min lampa flimrar",
        ["Det tog för lång tid", "Mitt problem är inte löst", "Jag förstod inte svaret"],
    ),
    guest(
        "tr",
        "Türkçe",
        "Elif Demir",
        "elif.demir@guest.example.com",
        "Lambam titriyor",
        ["Çok uzun sürdü", "Sorunum çözülmedi", "Yanıtı anlamadım"],
    ),
    guest(
        "ja",
        "日本語",
        "佐藤 結衣",
        "yui.sato@guest.example.com",
        "ランプがちらつきます",
        ["時間がかかりすぎた", "問題が解決していない", "回答が理解できなかった"],
    ),
    guest(
        "zh-Hans",
        "简体中文",
        "陈静",
        "jing.chen@guest.example.com",
        "我的台灯一直闪",
        ["耗时太长", "问题没有解决", "没看懂答复"],
    ),
    guest(
        "ar",
        "العربية",
        "ليلى حداد",
        "layla.haddad@guest.example.com",
        "مصباحي يومض",
        ["استغرق الأمر وقتًا طويلًا", "لم تُحل مشكلتي", "لم أفهم الإجابة"],
    ),
    guest(
        "he",
        "עברית",
        "נועה לוי",
        "noa.levi@guest.example.com",
        "המנורה שלי מהבהבת",
        ["זה לקח יותר מדי זמן", "הבעיה שלי לא נפתרה", "לא הבנתי את התשובה"],
    ),
];

const fn guest(
    locale: &'static str,
    language: &'static str,
    name: &'static str,
    email: &'static str,
    subject: &'static str,
    reasons: [&'static str; 3],
) -> Guest {
    Guest { locale, language, name, email, subject, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    #[test]
    fn every_language_has_its_guest() {
        let guests: Vec<_> = GUESTS.iter().map(|guest| guest.locale).collect();
        assert_eq!(guests, Text::languages().collect::<Vec<_>>());
    }
}
