// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"os"
	"path/filepath"
)

func init() {
	recipes["tomcat"] = recipe{app: true, start: func(p place) command {
		webApp(p, "webapps/ROOT")
		p.write("conf/server.xml", p.fill(`<Server port="-1">
  <Service name="Catalina">
    <Connector port="{port}" address="127.0.0.1" protocol="HTTP/1.1"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps"/>
    </Engine>
  </Service>
</Server>
`))
		p.write("conf/web.xml", `<?xml version="1.0" encoding="UTF-8"?>
<web-app version="5.0">
  <servlet>
    <servlet-name>jsp</servlet-name>
    <servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class>
    <load-on-startup>3</load-on-startup>
  </servlet>
</web-app>
`)
		for _, name := range []string{"logs", "temp", "work"} {
			p.write(name+"/.keep", "")
		}
		return command{arguments: []string{"/usr/share/tomcat10/bin/catalina.sh", "run"}, environment: []string{
			"CATALINA_HOME=/usr/share/tomcat10", "CATALINA_BASE=" + p.folder, "JAVA_OPTS=" + small, "CATALINA_OPTS="}}
	}}
	recipes["jetty"] = recipe{app: true, start: func(p place) command {
		webApp(p, "webapps/ROOT")
		return command{arguments: []string{"java", small, "-Djetty.home=/usr/share/jetty9", "-Djetty.base=" + p.folder, "-jar", "/usr/share/jetty9/start.jar", "jetty.http.host=127.0.0.1", "jetty.http.port=" + p.port,
			"--module=http,deploy,jsp"}}
	}}
	recipes["jdk-httpserver"] = recipe{app: true, start: func(p place) command {
		return command{arguments: []string{"java", small, filepath.Join(p.apps, "java", "App.java"), p.port}}
	}}
}

// small keeps a server from taking a share of a big machine's memory.
const small = "-Xmx256m"

// webApp puts the application where a container looks for such.
func webApp(p place, folder string) {
	p.t.Helper()
	for from, to := range map[string]string{"index.jsp": "index.jsp", "web.xml": "WEB-INF/web.xml"} {
		text, err := os.ReadFile(filepath.Join(p.apps, "java", from))
		if err != nil {
			p.t.Fatal(err)
		}
		p.write(filepath.Join(folder, to), string(text))
	}
}
