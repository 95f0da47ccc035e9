// SPDX-License-Identifier: Apache-2.0

import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Java's HttpClient, and with the argument "url" its HttpURLConnection. Jobs are read from standard input. */
public class JavaClient {
    interface Ask { String ask(Map<String, Object> request) throws Exception; }

    public static void main(String[] arguments) throws Exception {
        boolean old = arguments.length > 0 && arguments[0].equals("url");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<String, Object> job = map(new Json(line).value());
            List<String> answers = new ArrayList<>();
            String error = "";
            try {
                if (job.get("op").equals("websocket")) {
                    answers.add(websocket(job));
                } else {
                    run(job, old ? session(job) : client(job), answers);
                }
            } catch (Throwable e) {
                error = said(e);
            }
            StringBuilder list = new StringBuilder();
            for (String answer : answers) list.append(list.length() == 0 ? "" : ",").append(Json.quote(answer));
            out.println("{\"answers\":[" + list + "],\"error\":" + Json.quote(error) + "}");
        }
        System.exit(0);
    }

    static String said(Throwable e) {
        StringBuilder text = new StringBuilder();
        for (Throwable at = e; at != null; at = at.getCause()) text.append(text.length() == 0 ? "" : " <- ").append(at);
        return text.toString();
    }

    static void run(Map<String, Object> job, Ask ask, List<String> answers) throws Exception {
        List<Object> requests = list(job.get("requests"));
        long gap = number(job.get("gap"));
        if (!job.get("op").equals("loop")) {
            for (int i = 0; i < requests.size(); i++) {
                if (i > 0) Thread.sleep(gap);
                answers.add(ask.ask(map(requests.get(i))));
            }
            return;
        }
        // A request that fails is not sent again here. The clients may do so by themselves.
        int done = 0, failed = 0;
        String first = null;
        long end = System.nanoTime() + (long) (((Double) job.get("seconds")) * 1e9);
        while (System.nanoTime() < end) {
            for (Object each : requests) {
                Map<String, Object> request = map(each);
                done++;
                try {
                    String line = ask.ask(request);
                    if (!List.of("200", "204", "206", "304").contains(line.split(" ")[1])) throw new IOException("answered " + line);
                } catch (Exception e) {
                    failed++;
                    if (first == null) first = request.get("method") + " " + request.get("path") + " after " + done + ": " + said(e);
                }
                Thread.sleep(gap);
            }
        }
        answers.add(done + " requests, " + failed + " failed");
        if (first != null) throw new IOException(first);
    }

    static SSLContext trust(Map<String, Object> job) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream file = new FileInputStream((String) job.get("ca"))) {
            store.setCertificateEntry("front", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trusted.getTrustManagers(), null);
        return context;
    }

    static byte[] content(Map<String, Object> request) {
        byte[] content = new byte[(int) number(request.get("size"))];
        Arrays.fill(content, (byte) 'a');
        return content;
    }

    static HttpClient make(Map<String, Object> job, boolean follow) throws Exception {
        HttpClient.Builder builder = HttpClient.newBuilder().sslContext(trust(job)).connectTimeout(Duration.ofSeconds(10))
            .followRedirects(follow ? HttpClient.Redirect.NORMAL : HttpClient.Redirect.NEVER);
        // Without a word on the version it is HTTP/2: on a plain connection by Upgrade.
        if (job.get("transport").equals("https")) builder.version(HttpClient.Version.HTTP_1_1);
        return builder.build();
    }

    static Ask client(Map<String, Object> job) throws Exception {
        HttpClient client = make(job, false), follower = make(job, true);
        return request -> {
            HttpRequest.Builder r = HttpRequest.newBuilder(URI.create((String) job.get("base") + request.get("path")))
                .timeout(Duration.ofSeconds(25)).expectContinue((Boolean) request.get("expect"));
            for (Object field : list(request.get("headers"))) r.header((String) list(field).get(0), (String) list(field).get(1));
            HttpRequest.BodyPublisher content = HttpRequest.BodyPublishers.noBody();
            if (number(request.get("size")) >= 0) {
                byte[] bytes = content(request);
                content = (Boolean) request.get("chunked")
                    ? HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes)) : HttpRequest.BodyPublishers.ofByteArray(bytes);
            }
            r.method((String) request.get("method"), content);
            HttpClient chosen = (Boolean) request.get("follow") ? follower : client;
            // The timeout of a request does not end the wait for a 100.
            HttpResponse<byte[]> a = chosen.sendAsync(r.build(), HttpResponse.BodyHandlers.ofByteArray())
                .get((Boolean) request.get("expect") ? 5 : 30, TimeUnit.SECONDS);
            return answer(a.version() == HttpClient.Version.HTTP_2 ? "2" : "1.1", a.statusCode(), a.body());
        };
    }

    static Ask session(Map<String, Object> job) throws Exception {
        SSLContext context = trust(job);
        return request -> {
            HttpURLConnection c = (HttpURLConnection) URI.create((String) job.get("base") + request.get("path")).toURL().openConnection();
            if (c instanceof HttpsURLConnection) ((HttpsURLConnection) c).setSSLSocketFactory(context.getSocketFactory());
            c.setRequestMethod((String) request.get("method"));
            c.setInstanceFollowRedirects((Boolean) request.get("follow"));
            c.setReadTimeout(10000);
            for (Object field : list(request.get("headers"))) c.addRequestProperty((String) list(field).get(0), (String) list(field).get(1));
            if ((Boolean) request.get("expect")) c.setRequestProperty("Expect", "100-continue");
            if (number(request.get("size")) >= 0) {
                byte[] bytes = content(request);
                c.setDoOutput(true);
                if ((Boolean) request.get("chunked")) c.setChunkedStreamingMode(65536);
                else c.setFixedLengthStreamingMode(bytes.length);
                // The answer may be there although the content could not be sent.
                try (var to = c.getOutputStream()) {
                    for (int at = 0; at < bytes.length; at += 65536) to.write(bytes, at, Math.min(65536, bytes.length - at));
                } catch (IOException e) {
                    if (c.getResponseCode() < 0) throw e;
                }
            }
            int status = c.getResponseCode();
            InputStream from = status >= 400 ? c.getErrorStream() : c.getInputStream();
            return answer("?", status, from == null ? new byte[0] : from.readAllBytes());
        };
    }

    static String websocket(Map<String, Object> job) throws Exception {
        CompletableFuture<String> ended = new CompletableFuture<>();
        List<String> heard = new ArrayList<>();
        String url = ((String) job.get("base")).replaceFirst("http", "ws") + map(list(job.get("requests")).get(0)).get("path");
        HttpClient client = make(job, false);
        client.newWebSocketBuilder().subprotocols("echo").buildAsync(URI.create(url), new WebSocket.Listener() {
            int size;

            public void onOpen(WebSocket w) {
                w.sendText("hello", true);
                w.request(1);
            }

            public CompletionStage<?> onText(WebSocket w, CharSequence data, boolean last) {
                heard.add(data.toString());
                w.sendBinary(ByteBuffer.allocate(102400), true);
                w.request(1);
                return null;
            }

            public CompletionStage<?> onBinary(WebSocket w, ByteBuffer data, boolean last) {
                size += data.remaining();
                if (last) {
                    heard.add(size + " bytes");
                    w.sendPing(ByteBuffer.wrap(new byte[] {1}));
                }
                w.request(1);
                return null;
            }

            public CompletionStage<?> onPong(WebSocket w, ByteBuffer data) {
                w.sendClose(1000, "");
                w.request(1);
                return null;
            }

            public CompletionStage<?> onClose(WebSocket w, int code, String reason) {
                ended.complete(String.join(", ", heard) + ", closed " + code + ", protocol " + w.getSubprotocol());
                return null;
            }

            public void onError(WebSocket w, Throwable e) { ended.completeExceptionally(e); }
        }).join();
        return ended.get(20, TimeUnit.SECONDS);
    }

    static String answer(String version, int status, byte[] content) throws Exception {
        String text = new String(content, StandardCharsets.UTF_8).strip();
        if (content.length > 64) {
            StringBuilder sum = new StringBuilder();
            for (byte b : Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(content), 4)) sum.append(String.format("%02x", b));
            text = content.length + " bytes " + sum;
        }
        return (version + " " + status + " " + text).strip();
    }

    @SuppressWarnings("unchecked") static Map<String, Object> map(Object value) { return (Map<String, Object>) value; }

    @SuppressWarnings("unchecked") static List<Object> list(Object value) { return value == null ? List.of() : (List<Object>) value; }

    static long number(Object value) { return ((Double) value).longValue(); }

    /** Json reads what encoding/json writes. */
    static class Json {
        final String text;
        int at;

        Json(String text) { this.text = text; }

        char next() {
            while (Character.isWhitespace(text.charAt(at))) at++;
            return text.charAt(at);
        }

        Object value() {
            switch (next()) {
            case '{':
                Map<String, Object> map = new LinkedHashMap<>();
                for (at++; next() != '}';) {
                    String name = string();
                    next();
                    at++; // the colon
                    map.put(name, value());
                    if (next() == ',') at++;
                }
                at++;
                return map;
            case '[':
                List<Object> list = new ArrayList<>();
                for (at++; next() != ']';) {
                    list.add(value());
                    if (next() == ',') at++;
                }
                at++;
                return list;
            case '"':
                return string();
            default:
                int from = at;
                while (at < text.length() && ",]} ".indexOf(text.charAt(at)) < 0) at++;
                String word = text.substring(from, at);
                return word.equals("null") ? null : word.equals("true") || word.equals("false") ? (Object) Boolean.valueOf(word) : Double.valueOf(word);
            }
        }

        String string() {
            StringBuilder s = new StringBuilder();
            next();
            for (at++; text.charAt(at) != '"'; at++) {
                if (text.charAt(at) != '\\') {
                    s.append(text.charAt(at));
                    continue;
                }
                char c = text.charAt(++at);
                if (c == 'u') {
                    s.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                } else {
                    s.append(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
                }
            }
            at++;
            return s.toString();
        }

        static String quote(String s) {
            StringBuilder quoted = new StringBuilder("\"");
            for (char c : s.toCharArray()) {
                if (c == '"' || c == '\\') quoted.append('\\').append(c);
                else if (c < ' ') quoted.append(String.format("\\u%04x", (int) c));
                else quoted.append(c);
            }
            return quoted.append('"').toString();
        }
    }
}
