# Every task a person runs; `make help` lists them.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# From the command line or from here; "=" instead of "?=", for shells have a LANGUAGE and a PORT of their own.
PROFILE =
LANGUAGES =
PORT = 8080
EDGE =
EDGE_PORT = 8000
WORKERS =
DTYPE =
VOICES =
TEXT = Hello, how are you today?
LANGUAGE =
VOICE =
SPEAKERS =
SEED =
STEPS =
SPEED =
PARALLEL =
SEGMENTS =
STREAM =
PLAY =
OUT =
FILE =
SENTENCES =
ACCEPT_LICENCE =
UPDATE =
DRY_RUN =
URL =
GENERATORS =
SLO =
RECORD =
MINUTES =
REQUESTS =
TRACE =
QUICK =
SECONDS =
TRIM =
LOUDNESS =
NAME =
AUDIO =
LICENCE =
SOURCE =
CONSENT =
REPLACE =
PYTEST_ARGS =
PLACEMENT =
TARGET = serve

# Each is on or off; what is neither is an error before anything is begun. $(call on,NAME) is empty where it is off.
SWITCHES := ACCEPT_LICENCE DRY_RUN EDGE PLAY QUICK RECORD REPLACE SEGMENTS SLO STREAM TRIM UPDATE
ON := 1 yes true on
OFF := 0 no false off
on = $(filter $(ON),$($(1)))
$(foreach one,$(SWITCHES),$(if $(filter-out $(ON) $(OFF),$($(one))),$(error $(one)=$($(one)): on is one of $(ON), off is one of $(OFF))))

VENV := .venv
RUN := $(VENV)/bin/python -m
export PYTHONPATH := handlers:.

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev tools fetch package stand-ins full-test verify serve edge-test key stop say voice demo \
	demo-record objectives train-demo parity language-bench language-tables frontends quality reading guard-bench memory \
	bench bench-engine bench-gpu \
	loadtest bench-overhead bench-serving bench-schedules recovery impatience faults bounds fuzz check format test clean \
	sbom licences dashboard-record dashboard-picture playground-picture \
	k8s k8s-check image image-record image-test image-tools

help: ## list the tasks
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Both look at a stamp in the environment first: where nothing changed they end within a second.
setup: ## make .venv with all that serving needs (PYTHON=python3.12 takes another Python)
	@$(PYTHON) -m scripts.setup

setup-dev: ## the same, and what training, tests and checks need
	@$(PYTHON) -m scripts.setup --dev

tools: ## install the programs that some tests need from Debian's packages (as root)
	@scripts/tools.sh

# HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are read from the environment, or given here: make fetch HF_ENDPOINT=…
fetch: setup ## published checkpoints to models/ (LANGUAGES="fr es" ACCEPT_LICENCE=1 UPDATE=1 DRY_RUN=1)
	@$(RUN) scripts.fetch $(if $(LANGUAGES),--languages $(LANGUAGES)) $(if $(call on,UPDATE),--update) \
		$(if $(call on,ACCEPT_LICENCE),--accept-licence) $(if $(call on,DRY_RUN),--dry-run)

# Without PROFILE and LANGUAGES it is what the store was packaged for last that is refreshed.
# Archives of the full profile are compared with f5-tts and vocos first, which are development packages.
package: $(if $(filter full,$(PROFILE)),setup-dev,setup) ## checkpoints to archives in model_store/ (PROFILE=demo|full LANGUAGES="fr fi" PLACEMENT=four-gpus)
	@$(RUN) scripts.package$(if $(PLACEMENT), --placement "$(PLACEMENT)") $(if $(PROFILE),--profile "$(PROFILE)") $(if $(LANGUAGES),--languages $(LANGUAGES))

stand-ins: setup-dev ## full-size checkpoints of noise in the published forms (LANGUAGES="fr es", OUT=folder)
	@$(RUN) scripts.make_stand_ins $(if $(LANGUAGES),--languages $(LANGUAGES)) $(if $(OUT),--out "$(OUT)")

verify: setup ## compare model_store/ with its lock file
	@$(RUN) scripts.verify

serve: package ## package what changed and serve it until Ctrl-C (PROFILE, LANGUAGES, PORT=8080; WORKERS=2 of each model; DTYPE=auto; VOICES=folder: voices can be added over the API; EDGE=1 EDGE_PORT=8000: behind nginx); logs are in logs/<port>/, with EDGE=1 in run/logs/
	@exec $(if $(call on,EDGE),env $(EDGE_SETTINGS) $(RUN) scripts.supervise,$(RUN) scripts.serve --port "$(PORT)"$(if $(WORKERS), --workers "$(WORKERS)")$(if $(DTYPE), --dtype "$(DTYPE)")$(if $(VOICES), --voices "$(VOICES)"))

# Of the edge's settings (docs/edge.md) those of the shell count; on a laptop it listens on loopback without one.
EDGE_SETTINGS = F5SERVE_TORCHSERVE_PORT="$(PORT)" F5SERVE_EDGE_PORT="$(EDGE_PORT)" \
	F5SERVE_ADDRESS="$${F5SERVE_ADDRESS:-127.0.0.1}" F5SERVE_DRAIN_DELAY_S="$${F5SERVE_DRAIN_DELAY_S:-0}" \
	F5SERVE_DRAIN_S="$${F5SERVE_DRAIN_S:-30}" F5SERVE_ACCESS_LOG="$${F5SERVE_ACCESS_LOG:-logs/edge.log}" \
	$(if $(WORKERS),F5SERVE_WORKERS="$(WORKERS)") $(if $(DTYPE),F5SERVE_DTYPE="$(DTYPE)") \
	$(if $(VOICES),F5SERVE_VOICES="$(VOICES)")

key: setup ## make an API key for NAME; it is printed once, its hash goes into config/edge/keys
	@$(RUN) scripts.keys "$(NAME)"

edge-test: setup-dev ## the tests of the edge, of readiness and of draining (needs nginx: make tools)
	@$(RUN) pytest tests/edge $(PYTEST_ARGS)

stop: setup ## stop what `make serve` started, or what a killed demo left behind (PORT)
	@$(RUN) scripts.serve --stop --port "$(PORT)"

# The text travels in the environment, so that quotes and dollar signs in it reach the program as they are;
# under its own name make would expand it once more.
unexport TEXT
say: export SAY_TEXT = $(value TEXT)
say: setup ## speak TEXT, or each line of FILE (LANGUAGE VOICE SPEAKERS SEED STEPS SPEED TRIM LOUDNESS STREAM PLAY OUT PORT)
	@$(RUN) scripts.say --url http://127.0.0.1:$(PORT) $(if $(OUT),--out "$(OUT)") \
		$(if $(LANGUAGE),--language "$(LANGUAGE)") $(if $(VOICE),--voice "$(VOICE)") \
		$(if $(SPEAKERS),--speakers "$(SPEAKERS)") \
		$(if $(SEED),--seed "$(SEED)") $(if $(STEPS),--steps "$(STEPS)") $(if $(SPEED),--speed "$(SPEED)") \
		$(if $(call on,TRIM),--trim) $(if $(LOUDNESS),--loudness "$(LOUDNESS)") \
		$(if $(call on,SEGMENTS),--segments) $(if $(call on,STREAM),--stream) \
		$(if $(call on,PLAY),--play) $(if $(PARALLEL),--parallel "$(PARALLEL)") \
		$(if $(FILE),--file "$(FILE)",-- "$$SAY_TEXT")

# A text of say's own, which nobody gave, is no transcript.
voice: export SAY_TEXT = $(if $(filter command,$(origin TEXT)),$(value TEXT))
voice: export VOICE_SOURCE = $(value SOURCE)
voice: export VOICE_CONSENT = $(value CONSENT)
voice: setup ## register a voice (NAME AUDIO TEXT LANGUAGE, LICENCE SOURCE CONSENT REPLACE=1); without any list all
	@$(RUN) scripts.voice $(if $(NAME)$(AUDIO),--audio "$(AUDIO)" --text "$$SAY_TEXT" --language "$(LANGUAGE)" \
		--licence "$(LICENCE)" --source "$$VOICE_SOURCE" --consent "$$VOICE_CONSENT" $(if $(call on,REPLACE),--replace) -- "$(NAME)")

demo: setup ## package the demo profile, serve, speak nine languages into out/, stop
	@$(RUN) scripts.demo --port "$(PORT)"

demo-record: setup ## the same, recorded for the README
	@$(RUN) scripts.demo --port "$(PORT)" --record loadtests/results/demo.json
	@$(RUN) scripts.readme

train-demo: setup-dev ## train the demo checkpoints again, and measure them (needs espeak-ng)
	@set -e; for stage in data vocoder base finetune export; do $(RUN) scripts.train_demo $$stage; done
	@$(MAKE) --no-print-directory quality

parity: setup-dev ## compare the engine with f5-tts and vocos, and print the distances
	@$(RUN) scripts.parity

language-bench: setup ## measure language detection on labelled texts (FILE=texts.jsonl, or the repository's own; RECORD=1)
	@$(RUN) scripts.language_bench $(if $(FILE),"$(FILE)") \
		$(if $(call on,RECORD),--record loadtests/results/language.json)
	@$(if $(call on,RECORD),$(RUN) scripts.readme)

language-tables: setup-dev ## make the tables that language detection reads again, from word lists and counts
	@$(RUN) scripts.language_tables
	@$(RUN) scripts.hindi_words

frontends: setup ## what is read how: every case before and after, and how many are right (LANGUAGES="fr fi")
	@$(RUN) scripts.frontends $(if $(LANGUAGES),--languages $(LANGUAGES))

reading: setup-dev ## measure whether the demo's checkpoints read their texts (needs espeak-ng)
	@$(RUN) scripts.train_demo reading --record docs/reading.json

# Without SENTENCES the result is recorded, and the tables made from the record are renewed.
quality: setup-dev ## measure whether the demo can be understood (needs espeak-ng; SENTENCES=other.jsonl DTYPE=bfloat16)
	@$(RUN) scripts.quality $(if $(SENTENCES),--sentences "$(SENTENCES)")$(if $(DTYPE), --dtype "$(DTYPE)")
	@$(if $(SENTENCES),,$(RUN) scripts.readme)

guard-bench: setup-dev ## measure how often good speech would be spoken twice, and record it
	@$(RUN) scripts.guard_bench

objectives: setup ## write the objectives of config/slo.yaml for the alerts
	@$(RUN) scripts.slo

memory: setup ## memory of a language worker before weights, of a router worker, of a running server
	@$(RUN) scripts.memory --port "$(PORT)"

# Threads wait as those of the workers do (scripts/launch.py).
bench-engine: setup-dev ## our engine against upstream's, in process, on the same weights (TRACE=texts.txt RECORD=1 QUICK=1)
	@OMP_WAIT_POLICY=PASSIVE $(RUN) loadtests.bench.engine $(if $(TRACE),--trace "$(TRACE)") $(if $(call on,QUICK),--quick) \
		$(if $(call on,RECORD),--record)
	@$(if $(call on,RECORD),$(RUN) scripts.readme)

bench-gpu: setup-dev ## a full-size model on a GPU: latency, throughput, share of the ceiling (RECORD=1 QUICK=1)
	@$(RUN) loadtests.bench.gpu $(if $(call on,QUICK),--quick) $(if $(call on,RECORD),--record)
	@$(if $(call on,RECORD),$(RUN) scripts.readme)

# The exit status is the verdict. Without URL a demo server is started and stopped again.
loadtest: setup-dev ## load a server with Locust and judge it (PROFILE=smoke|steps|spike|soak|poisson|single_model URL GENERATORS MINUTES SLO=1 RECORD=1)
	@$(RUN) loadtests.run "$(or $(PROFILE),smoke)" $(if $(URL),--url "$(URL)") $(if $(MINUTES),--minutes "$(MINUTES)") \
		$(if $(GENERATORS),--generators "$(GENERATORS)") $(if $(call on,SLO),--slo) \
		$(if $(call on,RECORD),--record)

bench: bench-engine bench-overhead bench-schedules bench-serving ## all benchmarks of a CPU, one after the other (RECORD=1 QUICK=1)

bench-overhead: setup-dev ## what TorchServe and router add to the model's time (RECORD=1 QUICK=1)
	@$(RUN) loadtests.bench.overhead $(if $(call on,QUICK),--quick) $(if $(call on,RECORD),--record)
	@$(if $(call on,RECORD),$(RUN) scripts.readme)

bench-serving: setup-dev ## end to end against f5-tts behind FastAPI and LitServe, by callers (RECORD=1 QUICK=1)
	@$(RUN) loadtests.bench.serving $(if $(call on,QUICK),--quick) $(if $(call on,RECORD),--record)
	@$(if $(call on,RECORD),$(RUN) scripts.readme)

bench-schedules: setup-dev ## latency of one model: batches, one by one, or step by step (RECORD=1 QUICK=1)
	@$(RUN) loadtests.bench.schedules $(if $(call on,QUICK),--quick) $(if $(call on,RECORD),--record)
	@$(if $(call on,RECORD),$(RUN) scripts.readme)

recovery: setup-dev ## kill a language worker five times under load and measure how long it is missed (RECORD=1)
	@$(RUN) loadtests.recovery $(if $(call on,RECORD),--record)

impatience: setup-dev ## callers who leave and ask again: how many are answered, behind the edge and without (nginx; RECORD=1)
	@$(RUN) loadtests.impatience $(if $(call on,RECORD),--record)
	@$(if $(call on,RECORD),$(RUN) scripts.readme)

faults: setup-dev ## what a server does while things break: killed and stuck workers, lost servers, rolling changes
	@$(RUN) pytest tests/faults tests/server/test_replicas.py tests/server/test_stop.py $(PYTEST_ARGS)

bounds: setup-dev ## memory, descriptors, threads and files over many requests, a fifth of them bad (REQUESTS=10000 RECORD=1)
	@$(RUN) loadtests.bounds $(if $(REQUESTS),--requests "$(REQUESTS)") $(if $(call on,RECORD),--record)

fuzz: setup-dev ## decode reference clips with changed bytes for a while (SECONDS=60)
	@$(RUN) loadtests.fuzz $(if $(SECONDS),--seconds "$(SECONDS)")

check: setup-dev ## everything that needs no running server: lint, format, types, imports, YAML, shell
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(VENV)/bin/lint-imports
	$(RUN) yamllint --strict .
	$(VENV)/bin/shellcheck scripts/*.sh .ci/run
	$(RUN) scripts.readme --check
	$(RUN) scripts.licences --check
	$(RUN) scripts.dashboard_picture --check
	$(RUN) scripts.k8s_check

format: setup-dev ## put the code into its form
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

test: setup-dev ## all tests; the end of the output lists what was not run, and why
	$(RUN) pytest $(PYTEST_ARGS)

# `make test` takes the smallest; this takes all eight, one after the other, minutes each and gigabytes of disk.
# LANGUAGES="en fr hi" is one of each form.
full-test: setup-dev ## every full-size stand-in from its published form to speech (LANGUAGES="fr es")
	F5SERVE_FULL_TEST="$(or $(LANGUAGES),all)" $(RUN) pytest tests/full $(PYTEST_ARGS)

dashboard-record: setup-dev ## load a pod under a Prometheus and record what the dashboard asks (needs nginx, prometheus: make tools)
	@$(RUN) loadtests.dashboard
	@$(RUN) scripts.dashboard_picture

dashboard-picture: setup-dev ## draw docs/images/dashboard.png: the dashboard's panels, with what was recorded
	@$(RUN) scripts.dashboard_picture

# The test speaks a text in four languages and takes the picture; with 256 colours it is a third as large.
playground-picture: setup-dev ## take docs/images/playground.png anew, in a real browser (needs chromium: make tools)
	@$(RUN) pytest tests/server/test_playground.py -k each_language_of_a_text
	@$(VENV)/bin/python -c "from PIL import Image; \
		Image.open('out/playground/mixed-light.png').quantize(256).save('docs/images/playground.png', optimize=True)"

sbom: setup-dev ## what serving is made of, as CycloneDX with licences and digests (OUT=build/f5serve.cdx.json)
	@$(RUN) scripts.sbom $(if $(OUT),--out "$(OUT)")

licences: setup-dev ## write docs/licences.md: every package and checkpoint with its licence
	@$(RUN) scripts.licences

k8s: setup ## write the manifests of the shards from config/placement.yaml
	@$(RUN) scripts.render_shards

k8s-check: setup-dev ## render every overlay and component; schemas, rules, yamllint, hadolint, checkov
	@$(RUN) scripts.k8s_check --full

image: setup ## build the container image with docker, podman or buildah (TARGET=serve|demo)
	@$(RUN) scripts.image --target "$(TARGET)"

image-record: setup ## the same, with its size recorded
	@$(RUN) scripts.image --target "$(TARGET)" --record loadtests/results/image.json

image-tools: ## install what `make image-test` needs from Debian's packages (as root)
	@scripts/tools.sh --image

image-test: setup-dev ## build the image from Debian's and PyPI's packages, and look into it (minutes, as root)
	$(RUN) pytest -m image tests/image

clean: ## remove archives, logs, caches, records of servers, what is in build/ (keeps .venv, models/, out/, build/train/)
	@$(PYTHON) -m scripts.clean
