#include "sim/linux/netfilter/ipset.hh"

#include <fmt/format.h>

#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/match_objects.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netfilter/words.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

bool IpSet::contains(Ipv4Address address) const {
  for (unsigned length = 0; length < by_length.size(); ++length) {
    if (by_length[length] != 0 && elements.contains(Prefix(address, length))) return true;
  }
  return false;
}

bool IpSet::add(Prefix element) {
  if (!elements.insert(element).second) return false;
  ++by_length[element.length()];
  return true;
}

bool IpSet::remove(Prefix element) {
  if (elements.erase(element) == 0) return false;
  --by_length[element.length()];
  return true;
}

namespace {

CommandResult failure(std::string_view text) { return {1, "", fmt::format("ipset v7.17: {}\n", text)}; }

std::string_view type_name(IpSet::Type type) { return type == IpSet::Type::hash_ip ? "hash:ip" : "hash:net"; }

void append_element(std::string& out, Prefix element) {
  if (element.length() == 32) {
    fmt::format_to(std::back_inserter(out), "{}", element.network());
  } else {
    fmt::format_to(std::back_inserter(out), "{}", element);
  }
}

/// One ipset command. Element order is that of addresses; the real one's is that of its hash.
class IpsetCommand {
 public:
  IpsetCommand(Netns& netns, std::span<const std::string_view> words)
      : netns_(netns), objects_(netns.ensure_netfilter().objects()) {
    for (const std::string_view word : words) {
      if (word == "-exist" || word == "-!" || word == "--exist") {
        exist_ = true;
      } else {
        words_.push_back(word);
      }
    }
  }

  [[nodiscard]] CommandResult run() {
    if (words_.empty()) return failure("No command specified.");
    const std::string_view verb = words_[0];
    if (verb == "create" || verb == "-N" || verb == "n") return create();
    if (verb == "add" || verb == "-A") return change(true);
    if (verb == "del" || verb == "-D") return change(false);
    if (verb == "test" || verb == "-T") return test();
    if (verb == "list" || verb == "-L") return list();
    if (verb == "save" || verb == "-S") return save();
    if (verb == "destroy" || verb == "-X" || verb == "x") return destroy();
    if (verb == "flush" || verb == "-F") return flush();
    return failure(fmt::format("command `{}' is not supported", verb));
  }

 private:
  [[nodiscard]] IpSet* find(std::string_view name) {
    const auto found = objects_.sets.by_name.find(name);
    return found == objects_.sets.by_name.end() ? nullptr : &found->second;
  }
  static CommandResult missing() { return failure("The set with the given name does not exist"); }

  [[nodiscard]] CommandResult create() {
    if (words_.size() < 3) return failure("Missing mandatory argument to command create");
    IpSet set;
    if (words_[2] == "hash:ip") {
      set.type = IpSet::Type::hash_ip;
    } else if (words_[2] == "hash:net") {
      set.type = IpSet::Type::hash_net;
    } else if (words_[2].starts_with("hash:") || words_[2].starts_with("bitmap:") ||
               words_[2].starts_with("list:")) {
      return failure(fmt::format("set type {} is not supported", words_[2]));
    } else {
      return failure(fmt::format("Syntax error: typename '{}' is unknown", words_[2]));
    }
    for (std::size_t i = 3; i < words_.size(); i += 2) {
      if (i + 1 == words_.size()) return failure(fmt::format("option `{}' is not supported", words_[i]));
      const auto number = parse_number(words_[i + 1], 0x7fffffff);
      if (words_[i] == "family") {
        if (words_[i + 1] != "inet") return failure(fmt::format("family {} is not supported", words_[i + 1]));
      } else if (words_[i] == "hashsize" && number) {
        set.hash_size = static_cast<std::uint32_t>(*number);
      } else if (words_[i] == "maxelem" && number) {
        set.most_elements = static_cast<std::uint32_t>(*number);
      } else if (words_[i] != "bucketsize" && words_[i] != "initval") {  // of the real hash: chosen by itself
        return failure(fmt::format("option `{}' is not supported", words_[i]));
      }
    }
    if (const IpSet* same = find(words_[1])) {
      if (exist_ && same->type == set.type) return {};
      return failure("Set cannot be created: set with the same name already exists");
    }
    IpSet& kept = objects_.sets.by_name.emplace(std::string(words_[1]), std::move(set)).first->second;
    objects_.sets_by_symbol[netns_.kernel().rules.chain_name(words_[1]).value()] = &kept;
    return {};
  }

  [[nodiscard]] CommandResult change(bool adds) {
    if (words_.size() < 3) return failure("Missing mandatory argument");
    if (words_.size() > 3) return failure(fmt::format("option `{}' is not supported", words_[3]));
    IpSet* set = find(words_[1]);
    if (set == nullptr) return missing();
    const auto element = Prefix::parse_loose(words_[2]);
    if (!element)
      return failure(
          fmt::format("Syntax error: cannot parse {}: resolving to IPv4 address failed", words_[2]));
    // A network given to hash:ip stands for each of its addresses.
    if (set->type == IpSet::Type::hash_net) return change_one(*set, *element, adds);
    for (std::uint64_t i = 0; i < element->size(); ++i) {
      const auto result =
          change_one(*set, Prefix(element->network().plus(static_cast<std::uint32_t>(i)), 32), adds);
      if (result.status != 0 && element->size() == 1) return result;
      if (set->elements.size() > set->most_elements) return result;
    }
    return {};
  }

  [[nodiscard]] CommandResult change_one(IpSet& set, Prefix element, bool adds) const {
    if (!adds) {
      if (set.remove(element) || exist_) return {};
      return failure("Element cannot be deleted from the set: it's not added");
    }
    if (!set.elements.contains(element) && set.elements.size() >= set.most_elements) {
      return failure("Hash is full, cannot add more elements");
    }
    if (set.add(element) || exist_) return {};
    return failure("Element cannot be added to the set: it's already added");
  }

  [[nodiscard]] CommandResult test() {
    if (words_.size() < 3) return failure("Missing mandatory argument");
    const IpSet* set = find(words_[1]);
    if (set == nullptr) return missing();
    const auto element = Prefix::parse_loose(words_[2]);
    if (!element)
      return failure(
          fmt::format("Syntax error: cannot parse {}: resolving to IPv4 address failed", words_[2]));
    const bool in =
        element->length() == 32 ? set->contains(element->network()) : set->elements.contains(*element);
    if (in) return {0, "", fmt::format("Warning: {} is in set {}.\n", words_[2], words_[1])};
    return {1, "", fmt::format("{} is NOT in set {}.\n", words_[2], words_[1])};
  }

  /// The header that list and save share. The sizes and the hash's seed of a real one are its own.
  static std::string header(const IpSet& set) {
    return fmt::format("family inet hashsize {} maxelem {} bucketsize 12 initval 0x00000000", set.hash_size,
                       set.most_elements);
  }

  [[nodiscard]] std::uint32_t references(std::string_view name) const {
    const Symbol symbol = netns_.kernel().rules.chain_name(name);
    std::uint32_t count = 0;
    for (const TableName table : {TableName::raw, TableName::mangle, TableName::nat, TableName::filter}) {
      if (!netns_.netfilter->has(table)) continue;
      netns_.netfilter->table(table)->chains.for_each([&](const ChainBlock& chain) {
        for (std::uint32_t row = 0; row < chain.size(); ++row) {
          for (const Match& match : chain.matches(chain.rule(row))) {
            const auto* set = std::get_if<SetMatch>(&match);
            if (set != nullptr && set->name == symbol) ++count;
          }
        }
      });
    }
    return count;
  }

  [[nodiscard]] CommandResult list() {
    const bool names_only = words_.size() > 1 && (words_.back() == "-n" || words_.back() == "-name");
    if (names_only) words_.pop_back();
    if (words_.size() > 1 && find(words_[1]) == nullptr) return missing();
    CommandResult result;
    bool first = true;
    for (const auto& [name, set] : objects_.sets.by_name) {
      if (words_.size() > 1 && name != words_[1]) continue;
      if (names_only) {
        result.out += name + "\n";
        continue;
      }
      fmt::format_to(std::back_inserter(result.out),
                     "{}Name: {}\nType: {}\nRevision: {}\nHeader: {}\nSize in memory: {}\nReferences: "
                     "{}\nNumber of entries: {}\nMembers:\n",
                     first ? "" : "\n", name, type_name(set.type), set.type == IpSet::Type::hash_ip ? 6 : 7,
                     header(set), 200 + 56 * set.elements.size(), references(name), set.elements.size());
      first = false;
      for (const Prefix element : set.elements) {
        append_element(result.out, element);
        result.out += '\n';
      }
    }
    return result;
  }

  [[nodiscard]] CommandResult save() {
    if (words_.size() > 1 && find(words_[1]) == nullptr) return missing();
    CommandResult result;
    for (const auto& [name, set] : objects_.sets.by_name) {
      if (words_.size() > 1 && name != words_[1]) continue;
      fmt::format_to(std::back_inserter(result.out), "create {} {} {}\n", name, type_name(set.type),
                     header(set));
      for (const Prefix element : set.elements) {
        fmt::format_to(std::back_inserter(result.out), "add {} ", name);
        append_element(result.out, element);
        result.out += '\n';
      }
    }
    return result;
  }

  [[nodiscard]] CommandResult destroy() {
    const auto destroy_one = [&](const std::string& name) {
      if (references(name) > 0) return failure("Set cannot be destroyed: it is in use by a kernel component");
      objects_.sets_by_symbol.erase(netns_.kernel().rules.chain_name(name).value());
      objects_.sets.by_name.erase(name);
      return CommandResult{};
    };
    if (words_.size() > 1) {
      if (find(words_[1]) == nullptr) return missing();
      return destroy_one(std::string(words_[1]));
    }
    std::vector<std::string> names;
    for (const auto& [name, set] : objects_.sets.by_name) names.push_back(name);
    for (const std::string& name : names) {
      if (auto result = destroy_one(name); result.status != 0) return result;
    }
    return {};
  }

  [[nodiscard]] CommandResult flush() {
    if (words_.size() > 1 && find(words_[1]) == nullptr) return missing();
    for (auto& [name, set] : objects_.sets.by_name) {
      if (words_.size() > 1 && name != words_[1]) continue;
      set.elements.clear();
      set.by_length = {};
    }
    return {};
  }

  Netns& netns_;
  MatchObjects& objects_;
  std::vector<std::string_view> words_;
  bool exist_ = false;
};

}  // namespace

CommandResult ipset(Netns& netns, std::span<const std::string_view> arguments) {
  return IpsetCommand(netns, arguments).run();
}

CommandResult ipset(Netns& netns, std::string_view line) {
  WordSplitter splitter;
  const auto* words = splitter.shell_words(line);
  if (words == nullptr) return failure("unexpected end of line while looking for a closing quote");
  return ipset(netns, *words);
}

CommandResult ipset_restore(Netns& netns, std::string_view text) {
  std::uint32_t line = 0;
  WordSplitter splitter;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ++line;
    const auto& words = splitter.restore_words(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty() || words[0].starts_with('#')) continue;
    CommandResult result = IpsetCommand(netns, words).run();
    if (result.status == 0) continue;
    constexpr std::string_view head = "ipset v7.17: ";
    if (result.err.starts_with(head))
      result.err = fmt::format("{}Error in line {}: {}", head, line, result.err.substr(head.size()));
    return result;
  }
  return {};
}

CommandResult nfacct(Netns& netns, std::span<const std::string_view> words) {
  MatchObjects& objects = netns.ensure_netfilter().objects();
  const auto fail = [](std::string_view text) {
    return CommandResult{1, "", fmt::format("nfacct v1.0.2: {}\n", text)};
  };
  if (words.size() == 2 && words[0] == "add") {
    const auto [entry, is_new] = objects.accounts.emplace(std::string(words[1]), Counter{});
    if (!is_new) return fail("error: File exists");
    objects.accounts_by_symbol[netns.kernel().rules.chain_name(words[1]).value()] = &entry->second;
    return {};
  }
  if (words.size() == 2 && words[0] == "delete") {
    const auto found = objects.accounts.find(words[1]);
    if (found == objects.accounts.end()) return fail("error: No such file or directory");
    objects.accounts_by_symbol.erase(netns.kernel().rules.chain_name(words[1]).value());
    objects.accounts.erase(found);
    return {};
  }
  if (words.size() == 1 && words[0] == "list") {
    CommandResult result;
    for (const auto& [name, counter] : objects.accounts) {
      fmt::format_to(std::back_inserter(result.out), "{{ pkts = {:020}, bytes = {:020} }} = {};\n",
                     counter.packets, counter.bytes, name);
    }
    return result;
  }
  return fail(fmt::format("command `{}' is not supported", words.empty() ? std::string_view() : words[0]));
}

}  // namespace ekspath
