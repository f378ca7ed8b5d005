//! Who writes to the shop while somebody watches: one customer for each language that mails are written in.
//!
//! It owns names and subjects only. It must not know what becomes of a conversation.

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
}

/// English first: it is what a visitor gets without a choice. None of these addresses is in the history, where some
/// customers have unsubscribed.
pub(super) const GUESTS: [Guest; 14] = [
    guest("en", "English", "Ada Winter", "ada.winter@guest.example.com", "My lamp flickers"),
    guest("de", "Deutsch", "Clara Fischer", "clara.fischer@guest.example.com", "Meine Lampe flackert"),
    guest("fr", "Français", "Camille Moreau", "camille.moreau@guest.example.com", "Ma lampe clignote"),
    guest("es", "Español", "Lucía Romero", "lucia.romero@guest.example.com", "Mi lámpara parpadea"),
    guest("pt-BR", "Português", "Rafael Costa", "rafael.costa@guest.example.com", "Minha luminária está piscando"),
    guest("it", "Italiano", "Giulia Ricci", "giulia.ricci@guest.example.com", "La mia lampada sfarfalla"),
    guest("nl", "Nederlands", "Sanne de Vries", "sanne.devries@guest.example.com", "Mijn lamp knippert"),
    guest("pl", "Polski", "Zofia Nowak", "zofia.nowak@guest.example.com", "Moja lampa miga"),
    guest("sv", "Svenska", "Elsa Lindberg", "elsa.lindberg@guest.example.com", "Min lampa flimrar"),
    guest("tr", "Türkçe", "Elif Demir", "elif.demir@guest.example.com", "Lambam titriyor"),
    guest("ja", "日本語", "佐藤 結衣", "yui.sato@guest.example.com", "ランプがちらつきます"),
    guest("zh-Hans", "简体中文", "陈静", "jing.chen@guest.example.com", "我的台灯一直闪"),
    guest("ar", "العربية", "ليلى حداد", "layla.haddad@guest.example.com", "مصباحي يومض"),
    guest("he", "עברית", "נועה לוי", "noa.levi@guest.example.com", "המנורה שלי מהבהבת"),
];

const fn guest(
    locale: &'static str,
    language: &'static str,
    name: &'static str,
    email: &'static str,
    subject: &'static str,
) -> Guest {
    Guest { locale, language, name, email, subject }
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
