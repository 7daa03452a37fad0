// Sends the same messages with the official library of a service: node libraries.cjs LIBRARY ADDRESS KEY.
// Only the address is another than the service's own. Prints what came back, as JSON.
const [library, address, key] = process.argv.slice(2);
const host = new URL(address).host;

const csv = Buffer.from("é;1\n").toString("base64");
const logo = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255]).toString("base64");
const letter = {
  from: { name: "Été & Fils", email: "shop@facteur.test" },
  to: [{ name: "Zoë Müller", email: "a@dest.test" }, { email: "b@dest.test" }],
  cc: "c@dest.test",
  bcc: "d@dest.test",
  replyTo: { name: "Réponses", email: "r@facteur.test" },
  subject: "Été à la plage ☀",
  text: "Bonjour,\nà bientôt",
  html: '<p>Été <img src="cid:logo"></p>',
};
const written = (party) => (party.name ? `"${party.name}" <${party.email}>` : party.email);
const foreign = "foreign@elsewhere.test";

const libraries = {
  async postmark() {
    const { ServerClient } = require("postmark");
    const client = new ServerClient(key, { requestHost: host });
    const message = (from, subject) => ({
      From: from, To: letter.to.map(written).join(", "), Cc: letter.cc, Bcc: letter.bcc,
      ReplyTo: written(letter.replyTo), Subject: subject, TextBody: letter.text, HtmlBody: letter.html, Tag: "été",
      Metadata: { order: "42" }, TrackOpens: true, MessageStream: "outbound",
      Headers: [{ Name: "X-Order", Value: "42" }],
      Attachments: [
        { Name: "relevé.csv", Content: csv, ContentType: "text/csv", ContentID: null },
        { Name: "logo.png", Content: logo, ContentType: "image/png", ContentID: "cid:logo" },
      ],
    });
    const small = (subject) => ({ From: letter.from.email, To: "a@dest.test", Subject: subject, TextBody: subject });
    return {
      whole: await client.sendEmail(message(written(letter.from), letter.subject)),
      batch: await client.sendEmailBatch([small("Lot 1"), small("Lot 2"), { ...small("x"), From: foreign }]),
      refused: await client.sendEmail({ ...small("x"), From: foreign }).catch((error) => [error.statusCode, error.code, error.message]),
    };
  },

  async sendgrid() {
    const mail = require("@sendgrid/mail");
    mail.setApiKey(key);
    mail.client.setDefaultRequest("baseUrl", `${address}/`);
    const whole = await mail.send({
      from: letter.from, to: letter.to, cc: letter.cc, bcc: letter.bcc, replyTo: letter.replyTo, subject: letter.subject,
      text: letter.text, html: letter.html, headers: { "X-Order": "42" }, categories: ["été"], customArgs: { order: "42" },
      trackingSettings: { clickTracking: { enable: true } },
      attachments: [
        { filename: "relevé.csv", content: csv, type: "text/csv", disposition: "attachment" },
        { filename: "logo.png", content: logo, type: "image/png", disposition: "inline", content_id: "logo" },
      ],
    });
    const small = (subject) => ({ from: letter.from.email, to: "a@dest.test", subject, text: subject });
    const batch = await mail.send([small("Lot 1"), small("Lot 2")]);
    const refused = await mail.send({ ...small("x"), from: foreign })
      .catch((error) => [error.code, error.response.body.errors[0].field, error.response.body.errors[0].message]);
    return { whole: [whole[0].statusCode, whole[0].headers["x-message-id"]], batch: batch.map((one) => one[0].statusCode), refused };
  },

  async resend() {
    const { Resend } = require("resend");
    const resend = new Resend(key, { baseUrl: address });
    const whole = {
      from: written(letter.from), to: letter.to.map(written), cc: letter.cc, bcc: [letter.bcc],
      replyTo: written(letter.replyTo), subject: letter.subject, text: letter.text, html: letter.html,
      headers: { "X-Order": "42" }, tags: [{ name: "season", value: "summer" }],
      attachments: [
        { filename: "relevé.csv", content: csv, contentType: "text/csv" },
        { filename: "logo.png", content: Buffer.from(logo, "base64"), contentType: "image/png", contentId: "logo" },
      ],
    };
    const small = (subject) => ({ from: letter.from.email, to: "a@dest.test", subject, text: subject });
    const twice = [1, 2].map(() => resend.emails.send(whole, { idempotencyKey: "the-same" }));
    const [first, second] = [await twice[0], await twice[1]];
    const later = await resend.emails.send({ ...small("x"), scheduledAt: "in 1 hour" });
    return {
      whole: first.data, same: second.data, other: (await resend.emails.send(small("x"), { idempotencyKey: "the-same" })).error,
      shown: (await resend.emails.get(later.data.id)).data, cancelled: (await resend.emails.cancel(later.data.id)).data,
      after: (await resend.emails.get(later.data.id)).data, none: (await resend.emails.get("0".repeat(32))).error,
      batch: (await resend.batch.send([small("Lot 1"), small("Lot 2")])).data,
      refused: (await resend.emails.send({ ...small("x"), from: foreign })).error,
    };
  },

  async brevo() {
    const { BrevoClient } = require("@getbrevo/brevo");
    const client = new BrevoClient({ apiKey: key, baseUrl: `${address}/v3`, maxRetries: 0 });
    const send = (request) => client.transactionalEmails.sendTransacEmail(request);
    return {
      whole: await send({
        sender: letter.from, to: letter.to, cc: [{ email: letter.cc }], bcc: [{ email: letter.bcc }],
        replyTo: letter.replyTo, subject: letter.subject, textContent: letter.text, htmlContent: letter.html,
        headers: { "X-Order": "42" }, tags: ["été"], attachment: [{ name: "relevé.csv", content: csv }],
      }),
      batch: await send({
        sender: letter.from, subject: "{{params.subject}}", textContent: "Lot",
        messageVersions: ["Lot 1", "Lot 2"].map((subject) => ({ to: [{ email: "a@dest.test" }], params: { subject } })),
      }),
      refused: await send({ sender: { email: foreign }, to: letter.to, subject: "x", textContent: "x" })
        .catch((error) => [error.statusCode, error.body.code, error.body.message]),
    };
  },

  async mailjet() {
    const Mailjet = require("node-mailjet");
    const mailjet = new Mailjet({ apiKey: "public", apiSecret: key, config: { host, version: "v3.1", output: "json" } });
    const send = async (Messages) => (await mailjet.post("send", { version: "v3.1" }).request({ Messages })).body;
    const party = ({ name, email }) => ({ Email: email, ...(name && { Name: name }) });
    const small = (subject) => ({ From: party(letter.from), To: [{ Email: "a@dest.test" }], Subject: subject, TextPart: subject });
    return {
      whole: await send([{
        From: party(letter.from), To: letter.to.map(party), Cc: [{ Email: letter.cc }], Bcc: [{ Email: letter.bcc }],
        ReplyTo: party(letter.replyTo), Subject: letter.subject, TextPart: letter.text, HTMLPart: letter.html,
        Headers: { "X-Order": "42" }, CustomID: "42", EventPayload: "order 42", TrackOpens: "disabled",
        Attachments: [{ Filename: "relevé.csv", ContentType: "text/csv", Base64Content: csv }],
        InlinedAttachments: [{ Filename: "logo.png", ContentType: "image/png", ContentID: "logo", Base64Content: logo }],
      }]),
      batch: await send([small("Lot 1"), small("Lot 2")]),
      refused: await send([{ ...small("x"), From: { Email: foreign } }])
        .catch((error) => [error.statusCode, error.response.data.Messages[0].Errors[0].ErrorMessage]),
    };
  },
};

libraries[library]().then(
  (told) => console.log(JSON.stringify(told)),
  (error) => { console.error(error, JSON.stringify(error.response && error.response.body)); process.exit(1); },
);
