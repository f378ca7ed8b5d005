// The findings of html-validate and caniemail that we accept, each with its reason. Any other finding fails
// ./tests/run, and so does an entry that no longer occurs.

// The clients to check for, by their names in caniemail. "outlook.windows" is the one that renders with Word.
export const clients = [
  'gmail.desktop-webmail', 'gmail.ios', 'gmail.android', 'gmail.mobile-webmail',
  'outlook.windows', 'outlook.windows-mail', 'outlook.macos', 'outlook.ios', 'outlook.android',
  'apple-mail.macos', 'apple-mail.ios', 'yahoo.desktop-webmail', 'yahoo.ios', 'yahoo.android', 'aol.desktop-webmail',
  'samsung-email.android', 'thunderbird.macos', 'protonmail.desktop-webmail', 'protonmail.ios', 'protonmail.android',
  'fastmail.desktop-webmail', 'hey.desktop-webmail',
];

// html-validate: the rule, a pattern for its messages, and the reason.
export const html = [
  ['no-inline-style', /./, 'Gmail drops style elements for accounts of other providers; inline styles work everywhere'],
  ['no-conditional-comment', /./, 'only Word reads them, and it needs a table of fixed width'],
  ['no-deprecated-attr', /"(align|valign|width|height|cellpadding|cellspacing|border)"/, 'Word uses them for the layout'],
  ['prefer-tbody', /./, 'the tables are for layout only, so a tbody has no meaning'],
  ['prefer-native-element', /<article>/, 'mail programs drop <article>, but keep a div with that role'],
];

// caniemail: the feature, whether it may be unsupported ("errors") or only partly supported ("warnings"), and the
// reason.
export const features = [
  ['@media', 'errors', 'contains the dark colors, and on wide screens more space; without it the mail is light and has less'],
  ['@media', 'warnings', 'as above; it uses no nesting, height or orientation'],
  ['<style> element', 'errors', 'as @media'],
  ['<style> element', 'warnings', 'in the head, before what it applies to'],
  ['<body> element', 'errors', 'its background is repeated on the outer table, its language on the outer div'],
  ['<body> element', 'warnings', 'as above'],
  ['display:none', 'errors', 'the preheader is then one line of 1 px in the color of the background'],
  ['display:none', 'warnings', 'used on a div without tables and images'],
  ['display', 'warnings', 'only none, block and inline-block are used'],
  ['overflow', 'errors', 'for the preheader, which Word hides because of mso-hide'],
  ['overflow', 'warnings', 'only hidden is used, and nobody needs to scroll the preheader'],
  ['max-width', 'warnings', 'on a div; Word gets a table of fixed width around it'],
  ['margin', 'warnings', '0 and auto; without auto the mail is at the left, and Word gets a centered table around it'],
  ['padding', 'warnings', 'on cells; on the link of a face it only enlarges the area to tap'],
  ['border', 'warnings', 'on cells, at most 4 px'],
  ['border-radius', 'errors', 'square tiles are fine too'],
  ['border-radius', 'warnings', 'only a single length is used'],
  ['background', 'warnings', 'only background-color is used'],
  ['word-break', 'errors', 'keeps a long subject without spaces from widening the mail; other clients scroll'],
  ['word-break', 'warnings', 'as above'],
  ['text-wrap', 'errors', 'lines of the question are then less even'],
  ['text-wrap', 'warnings', 'as above'],
  ['text-decoration', 'errors', 'an underline below the words of the faces does no harm'],
  ['text-decoration', 'warnings', 'only single values are used: none and underline'],
  ['font-size', 'warnings', 'only px is used'],
  ['font-weight', 'warnings', 'only bold is used'],
  ['line-height', 'warnings', 'in px; another line height does no harm'],
  ['height property', 'errors', 'of the logo, which also has the attribute'],
  ['height property', 'warnings', 'of the logo, an image'],
  ['height attribute', 'errors', 'of the logo, which also has the property'],
  ['height attribute', 'warnings', 'of the logo, in px'],
  ['<img> element', 'warnings', 'the logo; if it is blocked, its alt text names the brand'],
  ['width property', 'warnings', 'caniemail mistakes max-width for it; see there'],
  ['width attribute', 'errors', 'the columns of the faces are then as wide as their words'],
  ['width attribute', 'warnings', 'percentages, only on tables and cells'],
  ['align attribute', 'warnings', 'only center, on cells'],
  ['cellpadding attribute', 'warnings', 'caniemail gives no details; the styles set 0 too'],
  ['cellspacing attribute', 'warnings', 'caniemail gives no details; without the gaps, the tiles touch'],
  ['dir attribute', 'warnings', 'only on html and div'],
  ['lang attribute', 'errors', 'the text stays the same'],
  ['lang attribute', 'warnings', 'only on html and div'],
  ['role attribute', 'errors', 'a layout table is then announced as a table'],
  ['role attribute', 'warnings', 'as above, for the div'],
  ['aria-label attribute', 'errors', 'a screen reader then reads only the word of the face'],
  ['aria-hidden attribute', 'errors', 'a screen reader then reads the name of the emoji before the word'],
];
