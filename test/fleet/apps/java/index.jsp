<%-- SPDX-License-Identifier: Apache-2.0 --%><%--
The application for servlet containers: all paths lead here. It writes bytes itself, so this page has no other text.
--%><%@ page session="false" trimDirectiveWhitespaces="true" import="java.io.*,java.util.*,java.security.*,java.util.zip.*" %><%
String target = request.getRequestURI() + (request.getQueryString() == null ? "" : "?" + request.getQueryString());
String path = request.getRequestURI();
int status = 200;
byte[] content = null;
String kind = "text/plain;charset=utf-8";
OutputStream sink = response.getOutputStream();
if (path.equals("/stream") || path.equals("/events")) {
  boolean events = path.equals("/events");
  response.setContentType(events ? "text/event-stream" : kind);
  for (int n = 0; n < (events ? 3 : 5); n++) {
    sink.write((events ? "data: " + n + "\n\n" : "piece " + n + "\n").getBytes("ISO-8859-1"));
    response.flushBuffer();
    Thread.sleep(events ? 100 : 30);
  }
  return;
}
if (path.startsWith("/status/")) {
  status = Integer.parseInt(path.substring(8));
  content = ("status " + status + "\n").getBytes("ISO-8859-1");
} else if (path.equals("/redirect")) {
  status = 302;
  response.setHeader("Location", "/elsewhere?x=1");
  content = "over there\n".getBytes("ISO-8859-1");
} else if (path.equals("/redirect-absolute")) {
  status = 301;
  response.setHeader("Location", "http://" + request.getHeader("Host") + "/elsewhere");
  content = "over there\n".getBytes("ISO-8859-1");
} else if (path.equals("/fields")) {
  response.addHeader("Set-Cookie", "a=1; Path=/");
  response.addHeader("Set-Cookie", "b=2; HttpOnly");
  response.setHeader("Vary", "Accept, Cookie");
  response.setHeader("X-Latin", "caf\u00e9");
  response.setHeader("X-Long", "a".repeat(3000));
  response.setHeader("ETag", "\"of-the-app\"");
  response.setHeader("Content-Language", "de, en");
  response.setHeader("Cache-Control", "private, max-age=5");
  response.setHeader("Link", "</style.css>; rel=preload");
  response.setHeader("X-Empty", "");
  content = "fields\n".getBytes("ISO-8859-1");
} else if (path.equals("/login")) {
  status = 401;
  response.setHeader("WWW-Authenticate", "Basic realm=\"fleet\", charset=\"UTF-8\"");
  content = "who?\n".getBytes("ISO-8859-1");
} else if (path.equals("/large")) {
  content = "0123456789abcdef".repeat(20000).getBytes("ISO-8859-1");
} else if (path.equals("/gzip")) {
  ByteArrayOutputStream packed = new ByteArrayOutputStream();
  GZIPOutputStream gzip = new GZIPOutputStream(packed);
  gzip.write("compressed once\n".repeat(100).getBytes("ISO-8859-1"));
  gzip.close();
  response.setHeader("Content-Encoding", "gzip");
  content = packed.toByteArray();
} else if (path.equals("/empty")) {
  content = new byte[0];
} else if (path.equals("/refuse")) {
  status = 413;
  content = "too large\n".getBytes("ISO-8859-1");
} else if (path.equals("/slow")) {
  Thread.sleep(500);
  content = "slow\n".getBytes("ISO-8859-1");
} else {
  byte[] got = request.getInputStream().readAllBytes();
  StringBuilder hash = new StringBuilder();
  for (byte b : MessageDigest.getInstance("SHA-256").digest(got)) {
    hash.append(String.format("%02x", b));
  }
  StringBuilder seen = new StringBuilder("method " + request.getMethod() + "\ntarget " + target + "\ncontent " + got.length + " " + hash + "\n");
  for (String name : Collections.list(request.getHeaderNames())) {
    for (String value : Collections.list(request.getHeaders(name))) {
      seen.append("field ").append(name.toLowerCase(Locale.ROOT)).append(": ").append(value).append("\n");
    }
  }
  content = seen.toString().getBytes("ISO-8859-1");
}
response.setStatus(status);
if (status != 204 && status != 304) {
  response.setContentType(kind);
  response.setContentLength(content.length);
  sink.write(content);
}
%>
