// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/keyset"
	"github.com/warren-dev/ingress/proxy/password"
)

const (
	// usersField is the key of users in a Secret, and keySetField that of a JSON Web Key Set.
	usersField  = "auth"
	keySetField = "jwks.json"
	// credentialLimit is how many bytes a Secret may have in all.
	credentialLimit = 64 << 10
	// beyondLimit is the key of what is kept of a larger one. No Secret of an API server has it.
	beyondLimit = ""
)

// Credentials knows the Secrets by which clients have to prove something. Unlike certificates, what such a Secret held
// before means nothing: who was taken out of it does not get in. Only the goroutine that builds uses it.
type Credentials struct {
	secrets *cluster.NamedObjects[*corev1.Secret]
	parsed  credentialVersions
}

// credentialVersions are what versions of Secrets were found to hold. Each is parsed once.
type credentialVersions map[rules.CredentialName]credentialVersion

type credentialVersion struct {
	version string
	content *translate.Credential
}

// NewCredentials returns Credentials that learn from the metadata which Secrets there are. It calls changed when there
// is something new to know of a named one.
func NewCredentials(from client.Reader, secrets cluster.Metadata, changed func()) *Credentials {
	return &Credentials{secrets: cluster.NewNamedObjects(secrets, cluster.ReadSecret(from), keepCredential, changed)}
}

// Read returns what is known of the named Secrets, and reads only those from now on. It waits for new ones, but no
// longer than patience.
func (c *Credentials) Read(ctx context.Context, named map[rules.CredentialName]struct{}, patience time.Duration) ([]*translate.Credential, error) {
	secrets := make(map[types.NamespacedName]struct{}, len(named))
	for name := range named {
		secrets[name.NamespacedName] = struct{}{}
	}
	if err := c.secrets.LookUp(ctx, secrets, patience); err != nil {
		return nil, err
	}
	there, unknown := c.secrets.Objects()
	var known []*translate.Credential
	known, c.parsed = c.parsed.read(there, named)
	for name := range named {
		if why, ok := unknown[name.NamespacedName]; ok {
			known = append(known, &translate.Credential{Name: name, Missing: why, Absent: true})
		}
	}
	return known, nil
}

// Wait returns when nothing is read any more, which is after the context has ended.
func (c *Credentials) Wait() { c.secrets.Wait() }

// read returns what the named ones among Secrets hold, and the versions to go on with.
func (v credentialVersions) read(secrets []*corev1.Secret, named map[rules.CredentialName]struct{}) ([]*translate.Credential, credentialVersions) {
	known, next := make([]*translate.Credential, 0, len(named)), make(credentialVersions, len(named))
	for _, secret := range secrets {
		version := string(secret.UID) + secret.ResourceVersion
		for _, form := range [...]rules.CredentialForm{rules.Users, rules.UserFile, rules.UserMap, rules.KeySet} {
			name := rules.CredentialName{NamespacedName: client.ObjectKeyFromObject(secret), Form: form}
			if _, ok := named[name]; !ok {
				continue
			}
			latest, ok := v[name]
			if !ok || latest.version != version {
				latest = credentialVersion{version, parseCredential(name, secret)}
			}
			next[name] = latest
			known = append(known, latest.content)
		}
	}
	return known, next
}

// keepCredential keeps what is read of a Secret that clients have to prove something by.
func keepCredential(o *corev1.Secret) *corev1.Secret {
	kept := &corev1.Secret{ObjectMeta: cluster.Identity(&o.ObjectMeta), Type: o.Type, Data: o.Data}
	size := 0
	for key, value := range o.Data {
		size += len(key) + len(value)
	}
	switch {
	case size > credentialLimit:
		kept.Data = map[string][]byte{beyondLimit: nil}
	case o.Type == corev1.SecretTypeTLS:
		kept.Data = nil
	}
	return kept
}

// parseCredential returns what a Secret holds, or why it holds nothing that counts.
func parseCredential(name rules.CredentialName, from *corev1.Secret) *translate.Credential {
	secret := keepCredential(from)
	c := &translate.Credential{Name: name}
	_, beyond := secret.Data[beyondLimit]
	file, isFile := secret.Data[usersField]
	switch {
	case secret.Type == corev1.SecretTypeTLS:
		c.Missing = "is of type " + string(corev1.SecretTypeTLS) + ", which holds a certificate: make one of another type, such as Opaque"
	case beyond:
		c.Missing = "is larger than 64 KiB, which is the most that is read: divide it"
	case name.Form == rules.KeySet:
		readKeySet(c, secret.Data)
	case name.Form == rules.UserFile || name.Form == rules.Users && isFile:
		if !isFile {
			c.Missing = "has no key " + usersField + ": put the lines of htpasswd there"
			break
		}
		readUserFile(c, string(file))
	default:
		readUserMap(c, secret.Data)
	}
	return c
}

// readKeySet reads a JSON Web Key Set.
func readKeySet(c *translate.Credential, data map[string][]byte) {
	text, ok := data[keySetField]
	if !ok {
		c.Missing = "has no key " + keySetField + ": put the JSON Web Key Set there"
		return
	}
	if _, err := keyset.Read(string(text)); err != nil {
		c.Missing = "cannot be used: " + keySetField + ": " + shown(err)
		return
	}
	c.Text = string(text)
}

// readUserFile reads lines of htpasswd.
func readUserFile(c *translate.Credential, text string) {
	users, err := password.Read(text)
	switch {
	case users == nil:
		c.Missing = "cannot be used: " + shown(err)
		return
	case err != nil:
		c.LeftOut = shown(err)
	}
	c.Text = text
}

// readUserMap reads users with the hashes of their passwords.
func readUserMap(c *translate.Credential, data map[string][]byte) {
	var lines, faults []string
	for _, user := range slices.Sorted(maps.Keys(data)) {
		line := user + ":" + strings.TrimSpace(string(data[user]))
		if strings.Contains(user, ":") || strings.ContainsAny(line, "\r\n") {
			faults = append(faults, "key "+rules.Quote(user)+" is no user with one hash: write the hash of a password as its value, as htpasswd -nB has it after the colon")
			continue
		}
		if _, err := password.Read(line); err != nil {
			faults = append(faults, "key "+rules.Quote(user)+" "+strings.TrimPrefix(shown(err), "line 1 "))
			continue
		}
		lines = append(lines, line)
	}
	c.LeftOut = cluster.ClipMessage(strings.Join(rules.Bounded(faults), "; "))
	switch {
	case len(data) == 0:
		c.Missing = "is empty: put the lines of htpasswd under the key " + usersField + ", or the hash of each user's password under the user's name"
	case len(lines) == 0:
		c.Missing, c.LeftOut = "cannot be used: "+c.LeftOut, ""
	default:
		c.Text = strings.Join(lines, "\n")
	}
}

// shown returns an error for a message, in one line.
func shown(err error) string {
	return cluster.ClipMessage(strings.ReplaceAll(err.Error(), "\n", "; "))
}
