"""llama.cpp itself, inside the child process: reads what is new of a prompt, then writes token by token."""

from __future__ import annotations

import ctypes
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any

from voxedge.children import frames
from voxedge.conversation import prompt
from voxedge.conversation.contract import Message
from voxedge.conversation.textstream import TextStream

READ_TOKENS = 64
"""How much of a prompt is read at once, between two looks at the cancel flag. Measured with SmolLM2-135M on
two cores: 94-98 % of the speed that 512 gives, and an eighth of the wait."""
_KEPT_REPLIES = 256
_KEPT_TEXTS = 1024
REPEAT_PENALTY = 1.1
"""llama.cpp's own former default. Without it, models of 135 M parameters repeat one sentence to the limit."""
_SPARE_TOKENS = 8
_LOG_ERROR = 4  # GGML_LOG_LEVEL_ERROR of ggml.h


class LoadError(Exception):
    """llama.cpp can't load the file; the message is its own."""


class Writer:
    """A loaded model with its cache.

    Args:
        path: A GGUF file.
        context_tokens: Size of the context window.
        threads: Threads for reading and for writing.

    Raises:
        LoadError: The file can't be loaded.
    """

    def __init__(self, path: str, *, context_tokens: int, threads: int) -> None:
        self._llama: Any = _load(path, context_tokens, threads)
        self._context_tokens = int(self._llama.n_ctx())
        metadata: Mapping[str, str] = self._llama.metadata
        self._in_one_piece = (
            metadata.get("tokenizer.ggml.model") != "gpt2"
            and metadata.get("tokenizer.ggml.add_space_prefix", "true") != "false"
        )
        self._template, self._bos = _template(self._llama, metadata)
        self._add_bos = metadata.get("tokenizer.ggml.add_bos_token") == "true"
        # Tokens of what was tokenized before. For the model's own replies these are the tokens that it wrote,
        # which needn't be the ones that the tokenizer would choose: with others the cache would end there.
        self._replies: OrderedDict[str, list[int]] = OrderedDict()
        self._texts: OrderedDict[tuple[str, bool], list[int]] = OrderedDict()

    def forget(self) -> None:
        """Forgets what was said: the cache and all texts."""
        import llama_cpp

        self._llama.reset()
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._llama.ctx), True)
        self._replies.clear()
        self._texts.clear()

    def write(self, request: frames.Frame, cancelled: Callable[[], bool]) -> Iterator[frames.Frame]:
        """Answers one request.

        Yields:
            ``{"type": "reading"}`` as signs of life, ``{"type": "piece", "text"}``, and at the end
            ``{"type": "done"}`` with what was counted.

        Raises:
            TextInvalid: The messages can't be answered as they are.
        """
        import llama_cpp

        began = perf_counter()
        llama_cpp.llama_perf_context_reset(self._llama.ctx)
        max_tokens = int(str(request["max_tokens"]))
        tokens = self._tokens_of_request(request, max_tokens)
        known = self._keep_common_prefix(tokens)
        # The last step is left to `generate`, which samples after it; without a reply all is read here.
        end = len(tokens) - (READ_TOKENS if max_tokens else 1)
        for start in range(known, end, READ_TOKENS):
            if cancelled():
                break
            self._llama.eval(tokens[start : min(start + READ_TOKENS, len(tokens) - 1)])
            yield {"type": "reading"}
        written, first_s = 0, 0.0
        if max_tokens and not cancelled():
            for text, count in self._pieces(tokens, request, max_tokens):
                first_s = first_s or perf_counter() - began
                written = count
                if text:
                    yield {"type": "piece", "text": text}
                if cancelled():
                    break
        perf = llama_cpp.llama_perf_context(self._llama.ctx)
        # llama.cpp counts batches of one as writing, and the prompt's last token is such a batch.
        evaluated_of_reply = max(0, self._llama.n_tokens - len(tokens))
        yield {
            "type": "done",
            "prompt_tokens": len(tokens),
            "known_tokens": known,
            "read_tokens": perf.n_p_eval + perf.n_eval - evaluated_of_reply,
            "reply_tokens": written,
            "first_token_ms": first_s * 1000,
            "total_ms": (perf_counter() - began) * 1000,
        }

    def _pieces(self, tokens: list[int], request: frames.Frame, max_tokens: int) -> Iterator[tuple[str, int]]:
        import llama_cpp

        vocab = llama_cpp.llama_model_get_vocab(self._llama.model)
        stops = request.get("stop")
        stream = TextStream((*prompt.MARKERS, *(stops if isinstance(stops, list) else ())))
        wrote: list[int] = []
        text = ""
        try:
            for token in self._llama.generate(
                tokens, temp=float(str(request["temperature"])), repeat_penalty=REPEAT_PENALTY
            ):
                if llama_cpp.llama_vocab_is_eog(vocab, token):
                    break
                wrote.append(token)
                piece = stream.feed(self._llama.detokenize([token]))
                text += piece
                yield piece, len(wrote)
                if stream.stopped or len(wrote) >= max_tokens:
                    break
            if last := stream.flush():
                text += last
                yield last, len(wrote)
        finally:
            if text and not self._in_one_piece:
                _remember(self._replies, text.strip(), wrote, _KEPT_REPLIES)

    def _tokens_of_request(self, request: frames.Frame, max_tokens: int) -> list[int]:
        given = request["messages"]
        assert isinstance(given, list)
        messages = prompt.checked([Message(role=role, text=text) for role, text in given])
        budget = self._context_tokens - max_tokens - _SPARE_TOKENS
        fitting = prompt.fitted(messages, self._count, budget)
        return self._tokenized(fitting)

    def _count(self, message: Mapping[str, str]) -> int:
        """Tokens of a message; what templates put around one is never more than a dozen."""
        return len(self._tokens(message["content"], message["role"])) + 12

    def _tokenized(self, messages: list[prompt.ChatMessage]) -> list[int]:
        if not self._in_one_piece:
            try:
                pieces = prompt.segments(messages, self._template)
            except ValueError:
                pieces = []
            if pieces:
                starts = pieces[0].text.startswith(self._bos) if self._bos else False
                begin = [self._llama.token_bos()] if self._add_bos and not starts else []
                return begin + [token for piece in pieces for token in self._tokens(piece.text, piece.role)]
        text = self._template([{**m, "content": prompt.defused(m["content"])} for m in messages])
        add_bos = self._add_bos and not (self._bos and text.startswith(self._bos))
        tokens: list[int] = self._llama.tokenize(text.encode(), add_bos=add_bos, special=True)
        return tokens

    def _tokens(self, text: str, role: str) -> list[int]:
        if role == "assistant" and text in self._replies:
            self._replies.move_to_end(text)
            return self._replies[text]
        key = (text, role == "template")
        if key not in self._texts:
            tokens = self._llama.tokenize(text.encode(), add_bos=False, special=role == "template")
            _remember(self._texts, key, tokens, _KEPT_TEXTS)
        return self._texts[key]

    def _keep_common_prefix(self, tokens: list[int]) -> int:
        """Cuts the cache where the prompt begins to differ; gives how many tokens needn't be read again."""
        import llama_cpp

        cached = self._llama.input_ids[: self._llama.n_tokens].tolist()
        same = 0
        for have, want in zip(cached, tokens[:-1], strict=False):
            if have != want:
                break
            same += 1
        memory = llama_cpp.llama_get_memory(self._llama.ctx)
        if same and same < len(cached) and not llama_cpp.llama_memory_seq_rm(memory, 0, same, -1):
            same = 0  # recurrent models can't take back a part
        if same:
            self._llama.n_tokens = same
        else:
            self._llama.reset()
        return same


def _remember(kept: Any, key: object, tokens: list[int], limit: int) -> None:
    kept[key] = tokens
    kept.move_to_end(key)
    while len(kept) > limit:
        kept.popitem(last=False)


def _load(path: str, context_tokens: int, threads: int) -> Any:
    import llama_cpp

    complaints: list[str] = []

    def complain(level: int, text: bytes, _user_data: ctypes.c_void_p) -> None:
        if level == _LOG_ERROR and len(complaints) < 8:
            complaints.append(text.decode("utf-8", "replace").strip())

    def ignore(_level: int, _text: bytes, _user_data: ctypes.c_void_p) -> None:
        pass

    log = llama_cpp.llama_log_callback(complain)
    silence = llama_cpp.llama_log_callback(ignore)
    llama_cpp.llama_log_set(log, ctypes.c_void_p(0))
    try:
        llama = llama_cpp.Llama(
            path,
            n_ctx=context_tokens,
            n_batch=READ_TOKENS,
            n_ubatch=READ_TOKENS,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
        )
    except Exception as exc:  # whatever llama.cpp and its binding throw at a bad file
        raise LoadError("; ".join(complaints[:2]) or f"{type(exc).__name__}: {exc}") from exc
    finally:
        llama_cpp.llama_log_set(silence, ctypes.c_void_p(0))
    llama.voxedge_log_callback = silence  # ctypes forgets callbacks that nobody holds; llama.cpp doesn't
    return llama


def _template(llama: Any, metadata: Mapping[str, str]) -> tuple[prompt.Template, str]:
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    def spelled(token: int) -> str:
        return "" if token < 0 else llama.detokenize([token], special=True).decode("utf-8", "replace")

    bos = spelled(llama.token_bos())
    formatter = Jinja2ChatFormatter(
        template=metadata.get("tokenizer.chat_template") or prompt.CHATML,
        eos_token=spelled(llama.token_eos()),
        bos_token=bos,
    )

    def render(messages: list[prompt.ChatMessage]) -> str:
        text: str = formatter(messages=messages).prompt
        return text

    return render, bos
