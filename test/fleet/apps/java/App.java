// SPDX-License-Identifier: Apache-2.0
// The JDK's own server: java App.java PORT

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.zip.GZIPOutputStream;

public class App {
  static final String TEXT = "text/plain; charset=utf-8";

  public static void main(String[] arguments) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), 128);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", exchange -> {
      try (exchange) {
        answer(exchange);
      } catch (Exception e) {
        throw new IOException(e);
      }
    });
    server.start();
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static void slowly(HttpExchange exchange, String kind, int pause, String format, int pieces) throws Exception {
    exchange.getResponseHeaders().set("Content-Type", kind);
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream sink = exchange.getResponseBody()) {
      for (int n = 0; n < pieces; n++) {
        sink.write(bytes(String.format(format, n)));
        sink.flush();
        Thread.sleep(pause);
      }
    }
  }

  static void answer(HttpExchange exchange) throws Exception {
    String target = exchange.getRequestURI().toString();
    String path = target.split("\\?")[0];
    Headers fields = exchange.getResponseHeaders();
    int status = 200;
    byte[] content;
    if (path.startsWith("/status/")) {
      status = Integer.parseInt(path.substring(8));
      if (status == 204 || status == 304) {
        exchange.sendResponseHeaders(status, -1);
        return;
      }
      content = bytes("status " + status + "\n");
    } else {
      switch (path) {
        case "/stream" -> {
          slowly(exchange, TEXT, 30, "piece %d\n", 5);
          return;
        }
        case "/events" -> {
          slowly(exchange, "text/event-stream", 100, "data: %d\n\n", 3);
          return;
        }
        case "/redirect" -> {
          status = 302;
          fields.set("Location", "/elsewhere?x=1");
          content = bytes("over there\n");
        }
        case "/redirect-absolute" -> {
          status = 301;
          fields.set("Location", "http://" + exchange.getRequestHeaders().getFirst("Host") + "/elsewhere");
          content = bytes("over there\n");
        }
        case "/fields" -> {
          fields.add("Set-Cookie", "a=1; Path=/");
          fields.add("Set-Cookie", "b=2; HttpOnly");
          fields.set("Vary", "Accept, Cookie");
          fields.set("X-Latin", "caf\u00e9");
          fields.set("X-Long", "a".repeat(3000));
          fields.set("ETag", "\"of-the-app\"");
          fields.set("Content-Language", "de, en");
          fields.set("Cache-Control", "private, max-age=5");
          fields.set("Link", "</style.css>; rel=preload");
          fields.set("X-Empty", "");
          content = bytes("fields\n");
        }
        case "/login" -> {
          status = 401;
          fields.set("WWW-Authenticate", "Basic realm=\"fleet\", charset=\"UTF-8\"");
          content = bytes("who?\n");
        }
        case "/large" -> content = bytes("0123456789abcdef".repeat(20000));
        case "/gzip" -> {
          ByteArrayOutputStream packed = new ByteArrayOutputStream();
          try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes("compressed once\n".repeat(100)));
          }
          fields.set("Content-Encoding", "gzip");
          content = packed.toByteArray();
        }
        case "/empty" -> content = new byte[0];
        case "/refuse" -> {
          status = 413;
          content = bytes("too large\n");
        }
        case "/slow" -> {
          Thread.sleep(500);
          content = bytes("slow\n");
        }
        default -> content = seen(exchange, target);
      }
    }
    fields.set("Content-Type", TEXT);
    if (exchange.getRequestMethod().equals("HEAD")) {
      fields.set("Content-Length", Integer.toString(content.length));
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    exchange.sendResponseHeaders(status, content.length == 0 ? -1 : content.length);
    if (content.length > 0) {
      exchange.getResponseBody().write(content);
    }
  }

  static byte[] seen(HttpExchange exchange, String target) throws Exception {
    byte[] got = exchange.getRequestBody().readAllBytes();
    StringBuilder hash = new StringBuilder();
    for (byte b : MessageDigest.getInstance("SHA-256").digest(got)) {
      hash.append(String.format("%02x", b));
    }
    StringBuilder seen = new StringBuilder("method " + exchange.getRequestMethod() + "\ntarget " + target
        + "\ncontent " + got.length + " " + hash + "\n");
    exchange.getRequestHeaders().forEach((name, values) -> values.forEach(
        value -> seen.append("field ").append(name.toLowerCase(Locale.ROOT)).append(": ").append(value).append("\n")));
    return bytes(seen.toString());
  }
}
