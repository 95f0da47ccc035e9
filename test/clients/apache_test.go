// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/test/fixture"
)

// startApache starts Apache with WebDAV below /dav and a Subversion repository below /svn, if it does not run yet.
func (s *scene) startApache(t *testing.T) {
	t.Helper()
	if s.apache != noApache {
		return
	}
	address := fixture.FreeAddress(t)
	folder := filepath.Join(s.folder, "apache")
	user := ""
	if os.Getuid() == 0 {
		// Apache does not serve as root.
		user = "User www-data\nGroup www-data"
	}
	for _, name := range []string{"apache/dav", "apache/locks"} {
		if err := os.MkdirAll(filepath.Join(s.folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if ran := command(t, folder, nil, "svnadmin", "create", filepath.Join(folder, "repository")); ran.code != 0 {
		t.Fatal(ran.failure())
	}
	if user != "" {
		if ran := command(t, folder, nil, "chown", "-R", "www-data:", "."); ran.code != 0 {
			t.Fatal(ran.failure())
		}
	}
	configuration := strings.NewReplacer("ADDRESS", address, "FOLDER", folder, "USER", user).Replace(apacheConfiguration)
	s.write(t, "apache/httpd.conf", []byte(configuration))
	p := startProcess(t, "apache2", "apache2", "-X", "-f", filepath.Join(folder, "httpd.conf"))
	p.listening(address)
	s.apache = address
}

const apacheConfiguration = `
ServerRoot FOLDER
ServerName localhost
Listen ADDRESS
PidFile FOLDER/pid
Mutex file:FOLDER/locks
ErrorLog FOLDER/error.log
DocumentRoot FOLDER
LoadModule mpm_worker_module /usr/lib/apache2/modules/mod_mpm_worker.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dav_module /usr/lib/apache2/modules/mod_dav.so
LoadModule dav_fs_module /usr/lib/apache2/modules/mod_dav_fs.so
LoadModule dav_svn_module /usr/lib/apache2/modules/mod_dav_svn.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
DAVLockDB FOLDER/locks/dav
USER
Alias /dav FOLDER/dav
<Location /dav>
  DAV On
</Location>
<Location /svn>
  DAV svn
  SVNPath FOLDER/repository
</Location>
`

// atApache is the URL of a path that Apache serves. Where there is no front, it is Apache's own, without TLS.
func (s *scene) atApache(f *front, with transport, path string) string {
	if f.name == "direct" {
		return "http://localhost:" + port(s.apache) + path
	}
	return f.base(with) + path
}

func cadaverCases(s *scene) (all []scenario) {
	run := func(t *testing.T, folder, input, url string) result {
		t.Helper()
		environment := []string{"HOME=" + folder, "TERM=dumb", "LC_ALL=C"}
		return commandWith(t, folder, strings.NewReader(input), environment, "cadaver", url)
	}
	return []scenario{
		over(plain, "a session of WebDAV", "^done$", alone, func(t *testing.T, f *front) string {
			t.Helper()
			folder := t.TempDir()
			input := strings.NewReplacer("NAME", unique("cadaver"), "SOURCE", filepath.Join(s.folder, "1048576"), "FOLDER", folder)
			ran := run(t, folder, input.Replace(cadaverSession), s.atApache(f, plain, "/dav/"))
			if said := ran.stdout + ran.stderr; ran.code != 0 || strings.Contains(said, "failed") {
				return "error: " + strings.Join(strings.Fields(said), " ")
			}
			return s.sameAs(filepath.Join(folder, "file"), medium)
		}),
		over(plain, "a session that is denied", "^.*403 Forbidden.*$", peers, func(t *testing.T, f *front) string {
			t.Helper()
			ran := run(t, t.TempDir(), "quit\n", f.base(plain)+"/denied/dav/")
			return strings.Join(strings.Fields(ran.stdout+ran.stderr), " ")
		}),
	}
}

const cadaverSession = `mkcol NAME
cd NAME
put SOURCE one
copy one two
move two three
propset three color red
lock three
unlock three
get three FOLDER/file
delete one
ls
quit
`
