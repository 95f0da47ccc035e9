// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// programVariable names a program to test in place of this checkout's.
const programVariable = "WARREN_BINARY"

// builtVersion is the version that the tested program says it has.
const builtVersion = "v1.2.3-test"

// build is the program. The first test that asks for it builds it.
type build struct {
	once         sync.Once
	folder, file string
	err          error
}

// path returns where the program is.
func (b *build) path(t *testing.T) string {
	t.Helper()
	b.once.Do(func() { b.err = b.make() })
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.file
}

// make builds with the flags of the tests' own build, so that most of it comes from the build cache.
func (b *build) make() error {
	if b.file = os.Getenv(programVariable); b.file != "" {
		return nil
	}
	checkout, err := kubeapi.Checkout()
	if err != nil {
		return err
	}
	if b.folder, err = os.MkdirTemp("", "warren-binary-"); err != nil {
		return fmt.Errorf("making a folder for the program: %w", err)
	}
	b.file = filepath.Join(b.folder, "warren-ingress")
	command := exec.Command("go", "build", "-buildvcs=false", "-ldflags", "-X main.version="+builtVersion, "-o", b.file, ".")
	command.Dir = checkout
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, output)
	}
	return nil
}

// remove removes what was built. A folder that stays behind in the temporary files hinders nobody.
func (b *build) remove() {
	if b.folder != "" {
		_ = os.RemoveAll(b.folder)
	}
}
