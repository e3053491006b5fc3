// The names of methods that the core calls are those of bridge.proto.
#include <fstream>
#include <regex>
#include <set>
#include <string>

#include "check.h"
#include "messages.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream file(argv[1]);
  std::set<std::string> declared;
  std::string line, package, service;
  const std::regex words(R"(^\s*(package|service|rpc)\s+([A-Za-z0-9_.]+).*)");
  while (std::getline(file, line)) {
    std::smatch found;
    if (!std::regex_match(line, found, words)) continue;
    if (found[1] == "package") package = found[2];
    if (found[1] == "service") service = found[2];
    if (found[1] == "rpc") declared.insert("/" + package + "." + service + "/" + found[2].str());
  }
  namespace method = microexpr::method;
  for (const char* name : {method::kInfo, method::kPut, method::kGet, method::kList, method::kDelete, method::kRemap,
                           method::kSubscribe, method::kAnalyze}) {
    CHECK(declared.count(name) == 1);
  }
  CHECK(declared.count("/microexpr.v1.LiveService/Publish") == 1);  // the editor does not call it
  CHECK_EQUAL(declared.size(), 9);
  return report_checks();
}
