package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/nsqio/go-nsq"
)

// newConfig has what every connection is to be layered with, as the runner's environment says.
func newConfig() *nsq.Config {
	config := nsq.NewConfig()
	set := func(key string, value interface{}) {
		if err := config.Set(key, value); err != nil {
			panic(fmt.Sprintf("go-nsq refuses %s: %v", key, err))
		}
	}
	for _, layer := range strings.Fields(os.Getenv("INTEROP_LAYERS")) {
		switch layer {
		case "tls":
			set("tls_v1", true)
			set("tls_root_ca_file", os.Getenv("INTEROP_CA"))
			if os.Getenv("INTEROP_CERT") != "" {
				set("tls_cert", os.Getenv("INTEROP_CERT"))
				set("tls_key", os.Getenv("INTEROP_KEY"))
			}
		case "auth":
			set("auth_secret", os.Getenv("INTEROP_SECRET"))
		default:
			set(layer, true)
		}
	}
	return config
}
