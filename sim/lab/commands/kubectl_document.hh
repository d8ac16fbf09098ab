#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sim/eks/api/document.hh"

namespace ekspath {

/// The value behind a path of names within an object; JSON's null where there is none.
[[nodiscard]] const Document& document_at(const Document& value,
                                          std::initializer_list<std::string_view> path);
/// Text there; "" where there is none.
[[nodiscard]] std::string text_at(const Document& value, std::initializer_list<std::string_view> path);
[[nodiscard]] std::int64_t number_at(const Document& value, std::initializer_list<std::string_view> path,
                                     std::int64_t otherwise = 0);
[[nodiscard]] bool true_at(const Document& value, std::initializer_list<std::string_view> path);
/// A number or a name (IntOrString) as text.
[[nodiscard]] std::string scalar_text(const Document& value);

/// Texts with a separator between them.
[[nodiscard]] std::string joined_texts(const std::vector<std::string>& texts, std::string_view separator);
/// "a=b,c=d" of a map of labels, or "<none>". apimachinery pkg/labels FormatLabels()
[[nodiscard]] std::string label_text(const Document& labels);
/// A LabelSelector (matchLabels, matchExpressions) as metav1.FormatLabelSelector() prints it.
[[nodiscard]] std::string label_selector_text(const Document& selector);
/// The owner that manages an object, or null.
[[nodiscard]] const Document& controller_of(const Document& object);

}  // namespace ekspath
