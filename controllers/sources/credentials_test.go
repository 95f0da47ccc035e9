// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// The hashes are those of the word test.
const (
	hashed = "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="
	crypt  = "rl.3StKT.4T8M"
)

func credentialSecret(kind corev1.SecretType, data map[string]string) *corev1.Secret {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "users", ResourceVersion: "1"}, Type: kind, Data: map[string][]byte{}}
	for key, value := range data {
		secret.Data[key] = []byte(value)
	}
	return secret
}

func credentialNamed(form rules.CredentialForm) rules.CredentialName {
	return rules.CredentialName{NamespacedName: types.NamespacedName{Namespace: "shop", Name: "users"}, Form: form}
}

func TestWhatSecretsWithCredentialsHold(t *testing.T) {
	t.Parallel()
	const (
		file, userMap = rules.UserFile, rules.UserMap
		noHash        = "whose hash is none by bcrypt ($2y$), apr1 ($apr1$) or {SHA}: make it by htpasswd -B"
	)
	for name, test := range map[string]struct {
		form     rules.CredentialForm
		kind     corev1.SecretType
		data     map[string]string
		text     string
		missing  string
		leftOut  string
		isPrefix bool
	}{
		"a file":                      {data: map[string]string{"auth": "bob:" + hashed + "\n"}, text: "bob:" + hashed + "\n"},
		"a file of an odd type":       {kind: "example.com/users", data: map[string]string{"auth": "bob:" + hashed}, text: "bob:" + hashed},
		"a file beside other keys":    {data: map[string]string{"auth": "bob:" + hashed, "password": "test"}, text: "bob:" + hashed},
		"a user in each key":          {data: map[string]string{"bob": hashed + "\n", "ann": hashed}, text: "ann:" + hashed + "\nbob:" + hashed},
		"a user whose name is auth":   {form: userMap, data: map[string]string{"auth": hashed}, text: "auth:" + hashed},
		"a map where a file is meant": {form: file, data: map[string]string{"bob": hashed}, missing: "has no key auth: put the lines of htpasswd there"},
		"nothing":                     {missing: "is empty: put the lines of htpasswd under the key auth", isPrefix: true},
		"a file without a line":       {data: map[string]string{"auth": ""}, missing: "cannot be used: no user is listed: write lines of user:hash, as htpasswd -nB does"},
		"a file without a hash":       {data: map[string]string{"auth": "bob:test"}, missing: `cannot be used: line 1 is for user "bob", ` + noHash},
		"a file with an old hash": {data: map[string]string{"auth": "ann:" + crypt + "\nbob:" + hashed}, text: "ann:" + crypt + "\nbob:" + hashed,
			leftOut: `line 1 is for user "ann", ` + noHash},
		"a map with an old hash":    {data: map[string]string{"ann": crypt, "bob": hashed}, text: "bob:" + hashed, leftOut: `key "ann" is for user "ann", ` + noHash},
		"a map of other things":     {data: map[string]string{"token": "eyJh"}, missing: `cannot be used: key "token" is for user "token", ` + noHash},
		"a map with a further line": {data: map[string]string{"ann": hashed + "\nroot:" + hashed}, missing: `cannot be used: key "ann" is no user with one hash`, isPrefix: true},
		"a certificate":             {kind: corev1.SecretTypeTLS, data: map[string]string{"auth": "bob:" + hashed}, missing: "is of type kubernetes.io/tls, which holds a certificate: make one of another type, such as Opaque"},
		"64 KiB": {data: map[string]string{"auth": "bob:" + hashed + "\n#" + strings.Repeat("x", 64<<10-4-len("bob:\n#")-len(hashed))},
			text: "bob:" + hashed + "\n#" + strings.Repeat("x", 64<<10-4-len("bob:\n#")-len(hashed))},
		"a byte more":          {data: map[string]string{"auth": "bob:" + hashed + "\n#" + strings.Repeat("x", 64<<10-3-len("bob:\n#")-len(hashed))}, missing: "is larger than 64 KiB, which is the most that is read: divide it"},
		"more in another":      {data: map[string]string{"auth": "bob:" + hashed, "x": strings.Repeat("x", 64<<10)}, missing: "is larger than 64 KiB, which is the most that is read: divide it"},
		"keys":                 {form: rules.KeySet, data: map[string]string{"jwks.json": keySetText}, text: keySetText},
		"no key set":           {form: rules.KeySet, data: map[string]string{"jwks.json": "{}"}, missing: "cannot be used: jwks.json: ", isPrefix: true},
		"a key set of secrets": {form: rules.KeySet, data: map[string]string{"jwks.json": `{"keys":[{"kty":"oct","k":"AAAA"}]}`}, missing: "cannot be used: jwks.json: ", isPrefix: true},
		"no keys":              {form: rules.KeySet, data: map[string]string{"auth": "{}"}, missing: "has no key jwks.json: put the JSON Web Key Set there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := &translate.Credential{Name: credentialNamed(test.form), Text: test.text, Missing: test.missing, LeftOut: test.leftOut}
			got := parseCredential(want.Name, credentialSecret(test.kind, test.data))
			if test.isPrefix && strings.HasPrefix(got.Missing, test.missing) {
				want.Missing = got.Missing
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if kept := parseCredential(want.Name, keepCredential(credentialSecret(test.kind, test.data))); cmp.Diff(got, kept) != "" {
				t.Errorf("what is kept of the Secret says another thing: %s", cmp.Diff(got, kept))
			}
		})
	}
}

const keySetText = `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`

// A certificate that was good goes on being served. A password that was good does not.
func TestWhatASecretHeldBeforeLetsNobodyIn(t *testing.T) {
	t.Parallel()
	name := credentialNamed(rules.Users)
	named := map[rules.CredentialName]struct{}{name: {}}
	secret := credentialSecret("", map[string]string{"auth": "bob:" + hashed})
	known, versions := credentialVersions(nil).read([]*corev1.Secret{secret}, named)
	if len(known) != 1 || known[0].Text == "" {
		t.Fatalf("it holds %+v", known)
	}
	first := known[0]
	if known, versions = versions.read([]*corev1.Secret{secret}, named); known[0] != first {
		t.Error("the same version is parsed again")
	}
	emptied := credentialSecret("", nil)
	emptied.ResourceVersion = "2"
	if known, versions = versions.read([]*corev1.Secret{emptied}, named); known[0].Text != "" || known[0].Missing == "" {
		t.Errorf("emptied, it holds %+v", known[0])
	}
	if known, versions = versions.read(nil, named); len(known)+len(versions) != 0 {
		t.Errorf("gone, it holds %+v, and %d versions are kept", known, len(versions))
	}
	if known, _ = versions.read([]*corev1.Secret{secret}, nil); len(known) != 0 {
		t.Errorf("not named, it is read as %+v", known)
	}
}
