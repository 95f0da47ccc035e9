// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// CredentialsPerNamespace is how many Secrets of a namespace may be named for what clients have to prove, each in one
// form. Each is watched and held, whether it exists or not, and is at most 64 KiB.
const CredentialsPerNamespace = 64

// Credential is what a Secret with what clients have to prove was found to hold. It is immutable.
type Credential struct {
	Name rules.CredentialName
	// Text is what the Secret holds: htpasswd text, or a JSON Web Key Set. It is good for some clients at least. What an
	// earlier version held does not count: whoever takes a user out wants that at once.
	Text string
	// Missing says why there is no text, for people. It goes on after the name of the Secret. Empty if there is one.
	Missing string
	// Absent is set if that is because the Secret does not exist, or because nothing is known of it.
	Absent bool
	// LeftOut says what of the text is not understood, for people. Empty for nothing.
	LeftOut string
}

// NamedCredentials returns the Secrets that rules in an input have clients prove something by: at most
// CredentialsPerNamespace of each namespace, those of the oldest objects.
func NamedCredentials(in *Input) map[rules.CredentialName]struct{} {
	for _, object := range in.Objects {
		named := false
		object.EachCredential(func(rules.CredentialName) { named = true })
		if named {
			return namedCredentials(claim(*in))
		}
	}
	return nil // without sorting anything
}

// namedCredentials is NamedCredentials for objects that are sorted by age.
func namedCredentials(objects []object) map[rules.CredentialName]struct{} {
	names, count := make(map[rules.CredentialName]struct{}), make(map[string]int)
	for i := range objects {
		objects[i].EachCredential(func(name rules.CredentialName) {
			if _, known := names[name]; !known && count[name.Namespace] < CredentialsPerNamespace {
				names[name] = struct{}{}
				count[name.Namespace]++
			}
		})
	}
	return names
}

// credentials are what clients may prove something by.
type credentials struct {
	known map[rules.CredentialName]*Credential
	named map[rules.CredentialName]struct{}
	// keySets are those that are fetched.
	keySets map[keySet]struct{}
	// local lets keys be fetched from loopback and link-local addresses.
	local bool
}

func newCredentials(in *Input, objects []object, around *Builder) *credentials {
	c := &credentials{keySets: namedKeySets(objects), local: in.Options.AllowLocalTasks}
	if c.named = namedCredentials(objects); len(c.named) == 0 {
		return c
	}
	if around != nil {
		c.known = around.credentials
		return c
	}
	c.known = make(map[rules.CredentialName]*Credential, len(in.Credentials))
	for _, known := range in.Credentials {
		c.known[known.Name] = known
	}
	return c
}

// text returns what a Secret holds that a rule of an object names, or why nobody gets in by it. What there is to say of
// that is noted on the object.
func (c *credentials) text(o *object, name rules.CredentialName) (text, missing string) {
	if name.Namespace == "" {
		name.Namespace = o.Namespace
	}
	shown := "Secret " + rules.Clip(name.Name)
	if name.Namespace != o.Namespace {
		shown = "Secret " + rules.Clip(name.NamespacedName.String())
	}
	if _, ok := c.named[name]; !ok {
		missing = shown + " is not read: at most 64 Secrets of a namespace are read for what clients have to prove, and older Ingresses name as many: " +
			"put users together into fewer"
		o.noteAuth(v1alpha1.ReasonTooManyAuthSecrets, missing)
		return "", missing
	}
	switch known := c.known[name]; {
	case known == nil:
		missing = "there is no " + shown
		o.noteAuth(v1alpha1.ReasonAuthSecretNotFound, missing)
		return "", missing
	case known.Missing != "":
		missing = shown + " " + known.Missing
		reason := v1alpha1.ReasonAuthSecretInvalid
		if known.Absent {
			reason = v1alpha1.ReasonAuthSecretNotFound
		}
		o.noteAuth(reason, missing)
		return "", missing
	default:
		if known.LeftOut != "" {
			o.noteAuth("", shown+" is used without what is not understood: "+known.LeftOut)
		}
		return known.Text, ""
	}
}

// authFinding is something to say of what clients have to prove. The reason is empty if it keeps nobody out.
type authFinding struct{ reason, text string }

// noteAuth notes such a thing on the object, once.
func (o *object) noteAuth(reason, text string) {
	for _, f := range o.auth {
		if f.text == text {
			return
		}
	}
	o.auth = append(o.auth, authFinding{reason, text})
}
