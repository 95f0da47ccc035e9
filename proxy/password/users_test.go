// SPDX-License-Identifier: Apache-2.0

package password

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// vectors are by htpasswd of apache2-utils 2.4.68 (-nbB -C 5, -nbs, -nbm) and by openssl passwd -apr1 of OpenSSL 3.5.
var vectors = []struct {
	password string
	hashes   []string
}{
	{"secret", []string{
		"$2y$05$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy", "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
		"$apr1$fFn1aj9e$d2Sre3RpS/OCWwZANEE2X/", "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/",
		"$apr1$xy$94JxxwMvxqQwA3Iid6OL9.", "$apr1$$g/UEjvgvl9nWOQl6rNKvZ.",
	}},
	{"", []string{
		"$2y$05$tPBXst.paTfLmmqq4yZiSelghxSOuCqbv5Uq8bz1m1Zy1dmfOGYeq", "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
		"$apr1$iU1LMmLM$bCipOwozVg1B/tC7ZMTty0",
	}},
	{"a", []string{
		"$2y$05$FIxhFwnO5aG3n649F7yke.xSgQRw0HSvnc9/ly4TVB8ImGqJKG9RS", "{SHA}hvfkN/qlp/zhXR3cuerq6jd2Z7g=",
		"$apr1$kE/zB4l2$lKFZIM2cb9ZnSIG9rlhKJ1", "$apr1$abcdefgh$G8IsPsylW5ROvIKsQMRG61",
	}},
	{"0123456789abcdef", []string{
		"$2y$05$v6JROl0ard.SGN2g/gWoQuYXyZ33ianrLRdMniYyFN32rY1xvkxKi", "{SHA}/lVn6NdpVQhSGCzfaddLsW3/jik=",
		"$apr1$eTK76bbu$EJRJYyesBBC3xMZd0EgPd.", "$apr1$abcdefgh$sxHfOFLANAYXeGF./FBFh.",
	}},
	{"Aladdin: open sesame", []string{
		"$2y$05$pEKyHbNPqBUQkN7R6sd1juD89Td8DIrwcHnGz57WLC2qFsQDjqwN6", "{SHA}gb+ytbyMn63ZWAAh0tRrZarEvZw=",
		"$apr1$H5iwZwUt$MscP08lvBEFTZKT9f58UK.", "$apr1$abcdefgh$yuOhDbLFinBHE3nReXJaD.",
	}},
	{"pässwörd", []string{
		"$2y$05$VFsnQ441iJj7LdcbKFTIrObx4kMa3YcJCyoGHrjsGZq2y5rGC.sOy", "{SHA}9Rfd8dMqES/xrVXGbRsSyzjn6Pc=",
		"$apr1$4EvI7zLS$eU2axvnbSL0TuM6XuX/zj1", "$apr1$abcdefgh$030j6I3f1zNCF9tihqdd11",
	}},
	{strings.Repeat("x", 100), []string{
		"$2y$05$BZOkJibZ/u.vBCzaiEtfU.5YznATQUpwcx2gZFx.mF5KSEUfs9NNe", "{SHA}UOSDaQ7EgfSvf2+1JLK5nrFxZWU=",
		"$apr1$WZomTx45$wVJaoaTUi7479j//1GDyX1", "$apr1$abcdefgh$9/cwT0JwksL/fA2yBHBE6/",
	}},
}

func TestHashesOfOtherProgramsMatchTheirPasswordAlone(t *testing.T) {
	for _, v := range vectors {
		for _, text := range v.hashes {
			h, err := readHash(text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
				continue
			}
			for _, other := range vectors {
				if got, want := h.matches(h, []byte(other.password)), other.password == v.password; got != want {
					t.Errorf("%s matches %q: %t, want %t", text, other.password, got, want)
				}
			}
		}
	}
}

func TestBcryptIsReadByItsThreeNames(t *testing.T) {
	text, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for _, prefix := range []string{"$2a$", "$2b$", "$2y$"} {
		h, err := readHash(prefix + string(text[len(prefix):]))
		if err != nil || !h.matches(h, []byte("secret")) || h.matches(h, []byte("Secret")) {
			t.Errorf("%s does not match its password alone (%v)", prefix, err)
		}
	}
}

const (
	bobLine   = "bob:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="
	aliceLine = "alice:$2y$05$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy"
	carolLine = "carol:$2y$05$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy"
)

func TestALineThatCannotBeReadLosesItsUserAlone(t *testing.T) {
	tests := map[string]struct{ line, fault string }{
		"nothing":             {"", ""},
		"spaces":              {" \t ", ""},
		"comment":             {"# carol:secret", ""},
		"windows":             {"carol:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\r", ""},
		"comment behind":      {"carol:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=:Carol of sales", ""},
		"no colon":            {"hunter2", "line 2 has no colon: write user:hash, as htpasswd -nB does"},
		"no name":             {":{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "line 2 names no user before its colon: write user:hash, as htpasswd -nB does"},
		"long name":           {strings.Repeat("n", 256) + ":hunter2", "line 2 has a name of 256 bytes: write one of at most 255"},
		"control in name":     {"car\x01ol:hunter2", `line 2 has a name that no client can send, "car\x01ol": write one of letters in UTF-8`},
		"name not in UTF-8":   {"car\xffol:hunter2", `line 2 has a name that no client can send, "car\xffol": write one of letters in UTF-8`},
		"again":               {"bob:{SHA}hvfkN/qlp/zhXR3cuerq6jd2Z7g=", `line 2 lists user "bob" again: the first of the lines counts, so remove one`},
		"plain":               {"carol:hunter2", `line 2 is for user "carol", whose hash is none by bcrypt ($2y$), apr1 ($apr1$) or {SHA}: make it by htpasswd -B`},
		"empty hash":          {"carol:", `line 2 is for user "carol", whose hash is none by bcrypt ($2y$), apr1 ($apr1$) or {SHA}: make it by htpasswd -B`},
		"crypt":               {"carol:5mg2k0uguo8k6", `line 2 is for user "carol", whose hash is none by bcrypt ($2y$), apr1 ($apr1$) or {SHA}: make it by htpasswd -B`},
		"MD5 crypt":           {"carol:$1$0PmDtN/X$Qrdy0QheymkdKGrKlouvb/", `line 2 is for user "carol", whose hash is none by bcrypt ($2y$), apr1 ($apr1$) or {SHA}: make it by htpasswd -B`},
		"crypt_blowfish":      {"carol:$2x$05$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy", `line 2 is for user "carol", whose hash is none by bcrypt ($2y$), apr1 ($apr1$) or {SHA}: make it by htpasswd -B`},
		"bcrypt cut":          {"carol:$2y$05$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbI", `line 2 is for user "carol", whose hash is no whole hash by bcrypt: make it anew by htpasswd -B`},
		"bcrypt's alphabet":   {"carol:$2y$05$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4ja!1gdn2gm.KMdgHbIy", `line 2 is for user "carol", whose hash is no whole hash by bcrypt: make it anew by htpasswd -B`},
		"bcrypt without cost": {"carol:$2y$xx$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy", `line 2 is for user "carol", whose hash is no whole hash by bcrypt: make it anew by htpasswd -B`},
		"bcrypt too cheap":    {"carol:$2y$03$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy", `line 2 is for user "carol", whose hash is no whole hash by bcrypt: make it anew by htpasswd -B`},
		"bcrypt too dear": {"carol:$2y$15$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy", `line 2 is for user "carol", whose hash is by bcrypt of cost 15, and each check would take 32 times as long as at the usual 10: ` +
			`make it by htpasswd -B -C with a cost of at most 14`},
		"apr1 cut":        {"carol:$apr1$abcdefgh$9/cwT0JwksL/fA2yBHBE6", `line 2 is for user "carol", whose hash is no whole hash by apr1: make it anew by htpasswd -B`},
		"apr1's salt":     {"carol:$apr1$abcdefghi$9/cwT0JwksL/fA2yBHBE6/", `line 2 is for user "carol", whose hash is no whole hash by apr1: make it anew by htpasswd -B`},
		"apr1's alphabet": {"carol:$apr1$abcdefgh$9/cwT0JwksL+fA2yBHBE6/", `line 2 is for user "carol", whose hash is no whole hash by apr1: make it anew by htpasswd -B`},
		"SHA cut":         {"carol:{SHA}5en6G6MezRroT3XKqkdPOmY/Bf", `line 2 is for user "carol", whose hash is no whole hash by {SHA}: make it anew by htpasswd -B`},
		"SHA is no hash":  {"carol:{SHA}hunter2!", `line 2 is for user "carol", whose hash is no whole hash by {SHA}: make it anew by htpasswd -B`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			u, err := Read(bobLine + "\n" + test.line + "\n" + aliceLine)
			fault := ""
			if err != nil {
				fault = err.Error()
			}
			if fault != test.fault {
				t.Errorf("the fault is %q, want %q", fault, test.fault)
			}
			for _, user := range []string{"bob", "alice"} {
				if h, exists := u.hashFor([]byte(user)); !exists || !h.matches(h, []byte("secret")) {
					t.Errorf("%s's password is wrong", user)
				}
			}
			if strings.Contains(fault, "hunter2") {
				t.Error("the fault tells a password")
			}
			listed := u.Len() == 3
			if _, exists := u.hashFor([]byte("carol")); exists != listed || listed != (strings.HasPrefix(test.line, "carol") && fault == "") {
				t.Errorf("there are %d users, and carol is one: %t", u.Len(), exists)
			}
		})
	}
}

func TestATextWithoutAUserHasNone(t *testing.T) {
	tests := map[string]string{
		"":             "no user is listed: write lines of user:hash, as htpasswd -nB does",
		"\n# nobody\n": "no user is listed: write lines of user:hash, as htpasswd -nB does",
		"hunter2":      "line 1 has no colon: write user:hash, as htpasswd -nB does",
		strings.Repeat("hunter2\n", 7): strings.Join([]string{
			"line 1 has no colon: write user:hash, as htpasswd -nB does", "line 2 has no colon: write user:hash, as htpasswd -nB does",
			"line 3 has no colon: write user:hash, as htpasswd -nB does", "line 4 has no colon: write user:hash, as htpasswd -nB does",
			"line 5 has no colon: write user:hash, as htpasswd -nB does", "2 more lines cannot be read",
		}, "\n"),
	}
	for text, want := range tests {
		if u, err := Read(text); u != nil || err == nil || err.Error() != want {
			t.Errorf("%q: %v and error %q, want no users and %q", text, u, err, want)
		}
	}
}

func TestAUserWhoDoesNotExistHasTheSameHashEachTime(t *testing.T) {
	u, err := Read(bobLine + "\n" + aliceLine)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[*hash]bool)
	for i := range 100 {
		name := strings.Repeat("x", i)
		first, exists := u.hashFor([]byte(name))
		if again, _ := u.hashFor([]byte(name)); exists || again != first {
			t.Errorf("%q exists: %t; its hash is another one each time: %t", name, exists, again != first)
		}
		seen[first] = true
	}
	if len(seen) != 2 {
		t.Errorf("they have %d of two hashes", len(seen))
	}
}

func FuzzRead(f *testing.F) {
	f.Add(bobLine + "\n" + aliceLine)
	f.Add("# x\r\n\ncarol:$apr1$abcdefgh$9/cwT0JwksL/fA2yBHBE6/:x\n:\nhunter2\n")
	f.Add("a:$2y$14$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy\na:$2y$31$\n")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := Read(text)
		if u == nil {
			if err == nil {
				t.Fatal("there are neither users nor an error")
			}
			return
		}
		if u.Len() == 0 || u.Len() != len(u.hashes) {
			t.Fatalf("%d users, %d names", u.Len(), len(u.hashes))
		}
		for name, h := range u.hashes {
			if !strings.Contains(text, name+":"+h.text) {
				t.Errorf("user %q has a hash that is not in the text: %q", name, h.text)
			}
			if cost, err := bcrypt.Cost([]byte(h.text)); strings.HasPrefix(h.text, "$2") && (err != nil || cost > highestCost) {
				t.Errorf("a hash by bcrypt has cost %d (%v)", cost, err)
			}
		}
	})
}
