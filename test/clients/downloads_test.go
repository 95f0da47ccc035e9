// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// download is a case of a command that leaves the backend's file in a folder under the name "file". The outcome is
// "done" if it did.
func download(name string, with transport, s *scene, arguments func(url, folder string) []string, environment ...string) scenario {
	return scenario{
		name: name + " over " + string(with), want: "^done$", against: alone,
		do: func(t *testing.T, f *front) string {
			t.Helper()
			folder := t.TempDir()
			ran := command(t, folder, append([]string{"HOME=" + folder, "LC_ALL=C"}, environment...), arguments(f.base(with)+"/file", folder)...)
			return ran.downloaded(filepath.Join(folder, "file"), file)
		},
	}
}

// resumed is a download of which a part is there already.
func resumed(name string, with transport, s *scene, arguments func(url, folder string) []string, environment ...string) scenario {
	c := download(name, with, s, func(url, folder string) []string {
		if err := os.WriteFile(filepath.Join(folder, "file"), file[:fileSize/3], 0o600); err != nil {
			panic(err)
		}
		return arguments(url, folder)
	}, environment...)
	return c
}

// downloaded says "done" if the command succeeded and the file has that content.
func (r result) downloaded(name string, want []byte) string {
	if r.code != 0 {
		return "error: " + r.failure()
	}
	got, err := os.ReadFile(name)
	if err != nil {
		return "error: " + err.Error()
	}
	if sum(got) != sum(want) {
		return fmt.Sprintf("error: the file has %s, want %s", sum(got), sum(want))
	}
	return "done"
}

func curlCases(s *scene) (all []scenario) {
	for _, with := range overBoth {
		version := map[transport]string{plain: "--http1.1", tls: "--http1.1", h2: "--http2"}[with]
		all = append(all,
			resumed("curl -C -", with, s, func(url, _ string) []string {
				return []string{"curl", "-sS", version, "--cacert", s.certificate, "-C", "-", "-o", "file", url}
			}),
			s.curlCase("curl -T, 32 MiB", with, `^200 got 33554432$`, "/upload", version, "-T", filepath.Join(s.folder, "33554432")),
			s.curlCase("curl -T, 32 MiB, denied", with, `^403 .*$`, "/denied/upload", version, "-T", filepath.Join(s.folder, "33554432")),
			s.curlCase("curl -F, 1 MiB", with, `^200 got 1048[0-9]{3}$`, "/upload", version, "-F", "file=@"+filepath.Join(s.folder, "1048576")),
			s.curlCase("curl --compressed", with, `^200 compressed$`, "/gzip", version, "--compressed"),
		)
	}
	return append(all,
		s.curlCase("curl --http2 without TLS", plain, `^200 hello$`, "/hello", "--http2"),
		s.curlCase("curl --http2 without TLS, POST", plain, `^200 got 1048576$`, "/upload", "--http2", "--data-binary", "@"+filepath.Join(s.folder, "1048576")),
	)
}

// curlCase is a request with curl's own defaults.
func (s *scene) curlCase(name string, with transport, want, path string, arguments ...string) scenario {
	return over(with, name, want, peers, func(t *testing.T, f *front) string {
		t.Helper()
		all := append([]string{"curl", "-sS", "--cacert", s.certificate, "-w", "\n%{response_code} "}, arguments...)
		ran := command(t, s.folder, nil, append(all, f.base(with)+path)...)
		content, status := cutLast(ran.stdout, "\n")
		if ran.code != 0 {
			return status + "error: " + ran.failure()
		}
		return status + abridged([]byte(content))
	})
}

func cutLast(s, separator string) (before, after string) {
	for i := len(s) - len(separator); i >= 0; i-- {
		if s[i:i+len(separator)] == separator {
			return s[:i], s[i+len(separator):]
		}
	}
	return "", s
}

func wgetCases(s *scene) (all []scenario) {
	for _, with := range overHTTP1 {
		all = append(all, resumed("wget -c", with, s, func(url, _ string) []string {
			return []string{"wget", "-q", "--no-config", "--ca-certificate=" + s.certificate, "-c", "-O", "file", url}
		}))
	}
	return all
}

func aria2Cases(s *scene) (all []scenario) {
	for _, with := range overHTTP1 {
		arguments := func(url, folder string) []string {
			return []string{"aria2c", "-q", "--no-conf", "--ca-certificate=" + s.certificate, "--async-dns=false",
				"-x4", "-s4", "-k1M", "-c", "-d", folder, "-o", "file", url}
		}
		all = append(all, download("four segments", with, s, arguments), resumed("a resumed download", with, s, arguments))
	}
	return all
}

func axelCases(s *scene) (all []scenario) {
	return []scenario{download("four segments", plain, s, func(url, _ string) []string {
		return []string{"axel", "-q", "-n", "4", "-o", "file", url}
	})}
}

func lftpCases(s *scene) (all []scenario) {
	for _, with := range overHTTP1 {
		settings := "set net:max-retries 1; set ssl:ca-file " + s.certificate + "; "
		all = append(all,
			download("pget -n 4", with, s, func(url, _ string) []string {
				return []string{"lftp", "-c", settings + "pget -n 4 " + url + " -o file"}
			}),
			resumed("get -c", with, s, func(url, _ string) []string { return []string{"lftp", "-c", settings + "get -c " + url + " -o file"} }),
		)
	}
	return all
}

func rcloneCases(s *scene) (all []scenario) {
	for _, with := range overBoth {
		version := "--disable-http2=" + fmt.Sprint(with != h2)
		all = append(all, download("copyurl", with, s, func(url, _ string) []string {
			return []string{"rclone", "--ca-cert", s.certificate, version, "--retries", "1", "copyurl", url, "file"}
		}), over(with, "WebDAV", "^done$", peers, func(t *testing.T, f *front) string {
			t.Helper()
			folder := t.TempDir()
			remote := ":webdav,url='" + s.atApache(f, with, "/dav/") + "':" + unique("rclone")
			base := []string{"rclone", "--ca-cert", s.certificate, version, "--retries", "1"}
			for _, step := range [][]string{
				{"copy", filepath.Join(s.folder, "1048576"), remote},
				{"moveto", remote + "/1048576", remote + "/moved"},
				{"copyto", remote + "/moved", filepath.Join(folder, "file")},
			} {
				if ran := command(t, folder, []string{"HOME=" + folder}, append(base[:len(base):len(base)], step...)...); ran.code != 0 {
					return "error: " + step[0] + ": " + ran.failure()
				}
			}
			return s.sameAs(filepath.Join(folder, "file"), medium)
		}))
	}
	return all
}

// sameAs says "done" if a file has the content that is sent of this size.
func (s *scene) sameAs(name string, size int) string {
	want, err := os.ReadFile(filepath.Join(s.folder, fmt.Sprint(size)))
	if err != nil {
		return "error: " + err.Error()
	}
	return result{}.downloaded(name, want)
}

func httpieCases(s *scene) (all []scenario) {
	all = append(all, resumed("--download --continue", plain, s, func(url, _ string) []string {
		return []string{"http", "--ignore-stdin", "--download", "--continue", "-o", "file", url}
	}))
	for _, refused := range []struct{ name, path, status string }{
		{"an upload", "/upload", "200 got 33554432"}, {"a denied upload", "/denied/upload", "403 .*"},
	} {
		for _, chunked := range []bool{false, true} {
			r, how := send("POST", refused.path, large), ""
			if chunked {
				r, how = r.chunked(), ", chunked"
			}
			name, want := refused.name+" of 32 MiB"+how, `^1\.1 `+refused.status+"$"
			all = append(all, over(plain, name, want, peers, func(t *testing.T, f *front) string {
				t.Helper()
				j := one(r)
				j.Transport, j.Base, j.CA, j.folder = plain, f.base(plain), s.certificate, s.folder
				return httpie(t, t.TempDir(), j).String()
			}))
		}
	}
	return all
}

func nghttpCases(s *scene) (all []scenario) {
	for _, with := range []transport{h2, h2c} {
		all = append(all, over(with, "100 requests at once", "^100 answered 200$", alone, func(t *testing.T, f *front) string {
			t.Helper()
			ran := command(t, s.folder, nil, "nghttp", "-nv", "-m", "100", f.base(with)+"/hello")
			if ran.code != 0 {
				return "error: " + ran.failure()
			}
			n := 0
			for _, status := range nghttpStatus.FindAllStringSubmatch(ran.stdout, -1) {
				if status[1] == "200" {
					n++
				}
			}
			return fmt.Sprintf("%d answered 200", n)
		}))
	}
	return all
}

// javaCases are two of those with Expect. A client that hangs takes its time, so that the others would take minutes.
func javaCases(s *scene) (all []scenario) {
	for what, path := range map[string]string{"an upload": "/upload", "a denied upload": "/denied/upload"} {
		want := "^1\\.1 403 .*$"
		if path == "/upload" {
			want = "^1\\.1 200 got 1048576$"
		}
		all = append(all, over(plain, what+" of 1 MiB, Expect", want, peers, func(t *testing.T, f *front) string {
			t.Helper()
			run := startScript("java", "-XX:TieredStopAtLevel=1", "JavaClient")
			defer run.close()
			return run.run(t, job{Op: inTurn, Transport: plain, Base: f.base(plain), CA: s.certificate, Requests: []request{
				send("POST", path, medium).expecting(),
			}}).String()
		}))
	}
	return all
}

func http2Cases(s *scene) (all []scenario) {
	return []scenario{over(h2, "two names on one connection", "^2 200 hello; 2 200 hello$", alone, func(t *testing.T, f *front) string {
		t.Helper()
		run := startScript("node", "node_http2.js")
		defer run.close()
		return run.run(t, job{Op: inTurn, Transport: h2, Base: f.base(h2), CA: s.certificate, Requests: []request{
			get("/hello"), get("/hello", ":authority", "other.localhost"),
		}}).String()
	})}
}

// netcat sends bytes and ends its side of the connection.
func netcatCases(s *scene) (all []scenario) {
	for name, head := range map[string]string{
		"HTTP/1.0":            "GET /hello HTTP/1.0\r\n\r\n",
		"HTTP/1.0 with Host":  "GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n",
		"HTTP/1.0 that waits": "GET /slow?ms=1000&hello HTTP/1.0\r\n\r\n",
		"HTTP/1.1 that waits": "GET /slow?ms=1000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		"two requests in one go": "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n" +
			"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
		"HTTP/1.0 with keep-alive":     "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
		"an upload with its own end":   "POST /upload HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
		"an upload that is denied":     "POST /denied/upload HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello",
		"lines that end with LF alone": "GET /hello HTTP/1.0\n\n",
	} {
		want, against := `^HTTP/1\.[01] 200 OK\r\n.*(hello|slow|got 5)$`, alone
		switch name {
		case "an upload that is denied":
			want, against = `^HTTP/1\.[01] 403 `, peers
		case "two requests in one go":
			want = `^HTTP/1\.1 200 .*hello.*HTTP/1\.1 200 .*hello$`
		}
		all = append(all, scenario{name: name, want: want, against: against, do: func(t *testing.T, f *front) string {
			t.Helper()
			ran := commandWith(t, s.folder, strings.NewReader(head), nil, "nc", "-N", "127.0.0.1", port(f.plain))
			if ran.code != 0 {
				return "error: " + ran.failure()
			}
			return ran.stdout
		}})
	}
	return all
}

func aptCases(s *scene) (all []scenario) {
	for _, with := range overHTTP1 {
		digest := sha256.Sum256(file)
		all = append(all,
			download("download-file", with, s, func(url, folder string) []string {
				return []string{"/usr/lib/apt/apt-helper", "-o", "Acquire::https::CAInfo=" + s.certificate, "-o", "APT::Sandbox::User=root",
					"download-file", url, filepath.Join(folder, "file"), "SHA256:" + hex.EncodeToString(digest[:])}
			}),
			over(with, "update and download", "^done$", alone, func(t *testing.T, f *front) string {
				t.Helper()
				folder := t.TempDir()
				for _, below := range []string{"lists/partial", "cache/archives/partial", "state", "etc"} {
					if err := os.MkdirAll(filepath.Join(folder, below), 0o755); err != nil {
						t.Fatal(err)
					}
				}
				sources := filepath.Join(folder, "sources.list")
				if err := os.WriteFile(sources, []byte("deb [trusted=yes] "+f.base(with)+"/files/apt ./\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				var options []string
				for _, option := range []string{
					"Dir::Etc=" + folder + "/etc", "Dir::Etc::SourceList=" + sources, "Dir::State=" + folder, "Dir::State::Lists=" + folder + "/lists",
					"Dir::State::status=/dev/null", "Dir::Cache=" + folder + "/cache", "APT::Sandbox::User=root",
					"Acquire::https::CAInfo=" + s.certificate, "Acquire::Retries=0", "APT::Update::Error-Mode=any",
				} {
					options = append(options, "-o", option)
				}
				for _, step := range [][]string{{"update"}, append([]string{"download"}, aptPackages()...)} {
					if ran := command(t, folder, []string{"LC_ALL=C"}, append(append([]string{"apt-get", "-q"}, options...), step...)...); ran.code != 0 {
						return "error: " + step[0] + ": " + ran.failure()
					}
				}
				got, err := filepath.Glob(filepath.Join(folder, "*.deb"))
				if err != nil || len(got) != len(aptPackages()) {
					return fmt.Sprintf("error: %d packages, %v", len(got), err)
				}
				return "done"
			}))
	}
	return all
}

// aptPackages are the names of the packages that the repository has.
func aptPackages() (names []string) {
	for i := range 20 {
		names = append(names, fmt.Sprintf("clients-%d", i))
	}
	return names
}

// makeRepository makes a repository of packages for apt. It reads nothing of them but their sizes and sums.
func (s *scene) makeRepository(t *testing.T) {
	t.Helper()
	index := ""
	for i, name := range aptPackages() {
		content := file[:1000*(i+1)]
		digest := sha256.Sum256(content)
		s.write(t, "files/apt/"+name+".deb", content)
		index += fmt.Sprintf("Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: none\n", name) +
			fmt.Sprintf("Filename: ./%s.deb\nSize: %d\nSHA256: %s\n\n", name, len(content), hex.EncodeToString(digest[:]))
	}
	s.write(t, "files/apt/Packages", []byte(index))
}
