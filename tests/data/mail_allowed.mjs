// What html-validate and caniemail find in the mail and we keep, each with the reason. Whatever is not listed here fails
// ./tests/run, and so does an entry that no longer finds anything.

// The clients that the mail is checked for, as caniemail names them. Its "outlook.windows" is the one with Word inside.
export const clients = [
  'gmail.desktop-webmail', 'gmail.ios', 'gmail.android', 'gmail.mobile-webmail',
  'outlook.windows', 'outlook.windows-mail', 'outlook.macos', 'outlook.ios', 'outlook.android',
  'apple-mail.macos', 'apple-mail.ios', 'yahoo.desktop-webmail', 'yahoo.ios', 'yahoo.android', 'aol.desktop-webmail',
  'samsung-email.android', 'thunderbird.macos', 'protonmail.desktop-webmail', 'protonmail.ios', 'protonmail.android',
  'fastmail.desktop-webmail', 'hey.desktop-webmail',
];

// html-validate: a rule, which of its messages, and why.
export const html = [
  ['no-inline-style', /./, 'Gmail with foreign accounts drops style elements: inline is what arrives everywhere'],
  ['no-conditional-comment', /./, 'only Word reads them, and it needs a table of fixed width'],
  ['no-deprecated-attr', /"(align|valign|width|height|cellpadding|cellspacing|border)"/, 'Word lays out by these'],
  ['prefer-tbody', /./, 'tables are for looks: a tbody tells nobody anything'],
  ['prefer-native-element', /<article>/, 'mail programs drop <article>, and keep a div with its role'],
];

// caniemail: a feature; whether it may be unsupported ("errors") or only in part ("warnings"); and why.
export const features = [
  ['@media', 'errors', 'holds the dark colours alone; without it the mail is light'],
  ['@media', 'warnings', 'as above: no nesting, no height, no landscape'],
  ['<style> element', 'errors', 'as @media'],
  ['<style> element', 'warnings', 'in the head, before what it applies to'],
  ['<body> element', 'errors', 'its background is repeated on the outer table, its language on the outer div'],
  ['<body> element', 'warnings', 'as above'],
  ['display:none', 'errors', 'the preheader then shows one line of 1 px in the colour of the background'],
  ['display:none', 'warnings', 'used on a div without tables and images'],
  ['display', 'warnings', 'none and block alone are used'],
  ['overflow', 'errors', 'for the preheader, which Word hides by mso-hide'],
  ['overflow', 'warnings', 'hidden alone is used, and the preheader is not to be scrolled'],
  ['max-width', 'warnings', 'on a div, for Word a table of fixed width stands around it'],
  ['margin', 'warnings', '0 and auto; where auto fails the mail is at the left, in Word a table around it is centred'],
  ['padding', 'warnings', 'on cells; on the link of a face it only widens where one can tap'],
  ['border', 'warnings', 'on cells, at most 4 px'],
  ['border-radius', 'errors', 'square tiles are as good'],
  ['border-radius', 'warnings', 'one length is used'],
  ['background', 'warnings', 'background-color alone is used'],
  ['word-break', 'errors', 'keeps a subject without spaces from widening a narrow screen; others still scroll'],
  ['word-break', 'warnings', 'as above'],
  ['text-decoration', 'errors', 'an underline below the words of faces is as good'],
  ['text-decoration', 'warnings', 'none and underline, one value'],
  ['font-size', 'warnings', 'px alone is used'],
  ['font-weight', 'warnings', 'bold alone is used'],
  ['line-height', 'warnings', 'in px; a line more or less high does no harm'],
  ['height property', 'errors', 'of the logo, which has the attribute too'],
  ['height property', 'warnings', 'of the logo, an image'],
  ['height attribute', 'errors', 'of the logo, which has the property too'],
  ['height attribute', 'warnings', 'of the logo, in px'],
  ['<img> element', 'warnings', 'the logo; where it is blocked its text says the brand'],
  ['width property', 'warnings', 'caniemail takes max-width for it; see there'],
  ['width attribute', 'errors', 'the columns of faces are then as wide as their words'],
  ['width attribute', 'warnings', 'percentages on tables and cells alone'],
  ['align attribute', 'warnings', 'center on cells alone'],
  ['cellpadding attribute', 'warnings', 'named without a note; 0 is what the styles say too'],
  ['cellspacing attribute', 'warnings', 'named without a note; without the gaps tiles touch'],
  ['dir attribute', 'warnings', 'on html and div alone'],
  ['lang attribute', 'errors', 'the words stay the same'],
  ['lang attribute', 'warnings', 'on html and div alone'],
  ['role attribute', 'errors', 'a layout table is then announced as a table'],
  ['role attribute', 'warnings', 'as above, for the div'],
  ['aria-label attribute', 'errors', 'the word of the face is then read alone'],
  ['aria-hidden attribute', 'errors', 'the name of the face is then read before its word'],
];
