// A webmail: shows a mail on a page of another site, as the browser sees it, so that a click on a face says that it comes
// from there. It must not know what a click counts.
import { once } from 'node:events';
import { createServer } from 'node:http';

export async function openWebmail(service) {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    const [, kind, id] = pathname.split('/');
    if (kind === 'go') return response.writeHead(302, { Location: searchParams.get('to') }).end();
    const mail = ['mail', 'rewritten'].includes(kind) && service.mail(id);
    if (!mail) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    return response.end(shown(kind === 'rewritten' ? rewritten(mail) : mail.html));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // The service is at 127.0.0.1. For a browser, `localhost` is another site.
  const url = `http://localhost:${server.address().port}`;
  return {
    url: (id, { redirects = false } = {}) => `${url}/${redirects ? 'rewritten' : 'mail'}/${id}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

// Links open in a new tab, as in every webmail.
function shown(html) {
  return html.replace('<head>', '<head><base target="_blank">');
}

// As the webmail of a company whose gateway leads every link through its own host.
function rewritten({ html, links }) {
  return links.reduce((html, link) => html.replaceAll(`"${link}"`, `"/go?to=${encodeURIComponent(link)}"`), html);
}
