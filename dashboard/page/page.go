// SPDX-License-Identifier: Apache-2.0

// Package page has the files of the page about a replica: templates, style sheets and modules of JavaScript. They are
// served from the program as they are written here, and load nothing from elsewhere.
//
// The scripts put what they get into the page as text alone. A browser refuses them any other way, by the policy that
// package dashboard sends.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed assets
var assets embed.FS

// AssetsPath is where the files are that views load.
const AssetsPath = "/assets/"

// View is a part of the page with a URL of its own.
type View struct {
	// Name is that of its template and of its script.
	Name, Title string
	// Path is where it is.
	Path string
}

// Views returns the views in their order.
func Views() []View {
	return []View{
		{"overview", "Overview", "/"},
		{"routes", "Routes", "/view/routes"},
		{"explain", "Explain", "/view/explain"},
		{"live", "Live", "/view/live"},
		{"certificates", "Certificates", "/view/certificates"},
	}
}

// Pattern returns the view's pattern for a mux.
func (v View) Pattern() string {
	if v.Path == "/" {
		return "/{$}"
	}
	return v.Path
}

// IsView says whether a view is at a path.
func IsView(path string) bool {
	return slices.ContainsFunc(Views(), func(v View) bool { return v.Path == path })
}

// Frame is what stands on each view.
type Frame struct {
	// Replica is the replica's name, and Version the program's.
	Replica, Version string
}

// Handler answers with a view. It is the same for everybody: what the view shows, its script gets.
func Handler(v View, f Frame) http.Handler {
	text := render(v, f)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(text) // if it fails, the client is gone
	})
}

// render makes a view's text. The templates are part of the program, so that an error is one in them.
func render(v View, f Frame) []byte {
	t := template.Must(template.ParseFS(templates, "templates/frame.html", "templates/"+v.Name+".html"))
	var text bytes.Buffer
	data := struct {
		View
		Frame
		Views []View
	}{v, f, Views()}
	if err := t.ExecuteTemplate(&text, "frame.html", data); err != nil {
		panic(err)
	}
	return text.Bytes()
}

// asset is a file that views load.
type asset struct {
	text       []byte
	kind, mark string
}

// Assets answers with the files that views load. A browser asks each time whether it has the present one.
func Assets() http.Handler {
	all := make(map[string]asset)
	err := fs.WalkDir(assets, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := assets.ReadFile(name)
		sum := sha256.Sum256(text)
		all[strings.TrimPrefix(name, "assets/")] = asset{text, kindOf(name), `"` + hex.EncodeToString(sum[:12]) + `"`}
		return err
	})
	if err != nil {
		panic(err) // The files are part of the program.
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := all[strings.TrimPrefix(r.URL.Path, AssetsPath)]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", a.mark)
		if r.Header.Get("If-None-Match") == a.mark {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(a.text) // if it fails, the client is gone
	})
}

// kindOf returns the media type of a file. The machine's own table may say otherwise.
func kindOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.TypeByExtension(ext)
	}
}
