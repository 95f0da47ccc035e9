// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

func TestPlainRequestsAreSentToHTTPS(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, path, query string
		redirect          HTTPSRedirect
		secure            bool
		want              string
	}{
		{"a plain one", "/a/b/", "?q", HTTPSRedirect{Status: 308}, false, "https://shop.example.com/a/b/?q"},
		{"without a slash at the end", "/a/b/", "", HTTPSRedirect{Status: 308, NoSlash: true}, false, "https://shop.example.com/a/b"},
		{"a root without a slash", "/", "", HTTPSRedirect{Status: 301, NoSlash: true}, false, "https://shop.example.com"},
		{"a secure one", "/", "", HTTPSRedirect{Status: 308}, true, ""},
	} {
		steps, err := test.redirect.Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		v := &step.View{Host: []byte("shop.example.com"), Path: []byte(test.path), Secure: test.secure, Request: &message.Request{
			Query: []byte(test.query), Fields: []message.Field{{Name: []byte("X-Forwarded-Port"), Value: []byte("8080")}}}}
		answer := steps.Request(v)
		if test.want == "" {
			if answer != (step.Answer{}) || len(v.Fields) > 0 {
				t.Errorf("%s: it is answered with %+v", test.name, answer)
			}
			continue
		}
		if len(v.Fields) != 1 || string(v.Fields[0].Value) != test.want || answer.Reason != reason.Redirected || answer.Status != test.redirect.Status {
			t.Errorf("%s: got %+v and %+v, want %s", test.name, v.Fields, answer, test.want)
		}
	}
}

// A route with it needs backends, for requests that came over HTTPS.
func TestARedirectToHTTPSAnswersNotAll(t *testing.T) {
	t.Parallel()
	if IsAnswer(&HTTPSRedirect{Status: 308}) || !IsAnswer(&Redirect{Status: 308}) || !IsAnswer(&FixedResponse{}) {
		t.Error("which policies answer every request is wrong")
	}
}

func TestRedirectsToHTTPSDiffer(t *testing.T) {
	t.Parallel()
	r := HTTPSRedirect{Status: 308}
	if other := r; !r.Equal(&other) || r.Equal(nil) || r.Equal((*HTTPSRedirect)(nil)) || r.Equal(&Redirect{Status: 308}) ||
		r.Equal(&HTTPSRedirect{Status: 301}) || r.Equal(&HTTPSRedirect{Status: 308, NoSlash: true}) {
		t.Error("equal redirects differ, or a redirect equals something else")
	}
}
