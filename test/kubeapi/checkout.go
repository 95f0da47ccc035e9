// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// modulePath tells the checkout's go.mod from those of the modules inside it.
const modulePath = "github.com/warren-dev/ingress"

// Checkout returns the absolute path of the checkout that has the working directory. Tests run in their package's
// folder. So it needs no path from the build, which -trimpath would remove.
func Checkout() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the checkout: %w", err)
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		content, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("finding the checkout: %w", err)
		}
		if declaresModule(content) {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("no folder above %s has the go.mod of %s: run this inside a checkout of it", start, modulePath)
		}
	}
}

func declaresModule(goMod []byte) bool {
	for line := range bytes.Lines(goMod) {
		if string(bytes.TrimSpace(line)) == "module "+modulePath {
			return true
		}
	}
	return false
}
