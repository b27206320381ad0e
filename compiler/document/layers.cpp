#include "compiler/document/layers.h"

#include <algorithm>
#include <cstddef>

namespace gradus::document {
namespace {

constexpr double gap = 14;           // between boxes of a layer
constexpr double layer_gap = 34;     // between layers
constexpr double margin = 10;        // around all
constexpr int ordering_rounds = 12;  // the orders settle before
constexpr int placing_rounds = 12;

// A box, or a point of an edge in a layer that it crosses.
struct Item {
  double width = 0;
  int layer = 0;
  bool is_box = true;
  std::vector<size_t> above;  // its neighbours in the layers beside
  std::vector<size_t> below;
  double place = 0;  // in its layer, then along x
};

class Layering {
 public:
  explicit Layering(const Boxes& graph) : graph_(graph), items_(graph.boxes.size()) {}

  Layout layout() {
    set_layers();
    add_points();
    order();
    place();
    return drawn();
  }

 private:
  // The longest path from above; what has no operands stands where it is needed first.
  void set_layers() {
    const size_t count = graph_.boxes.size();
    std::vector<std::vector<size_t>> users(count);
    std::vector<int> waiting(count);
    for (const Boxes::Edge& edge : graph_.edges) {
      users[static_cast<size_t>(edge.from)].push_back(static_cast<size_t>(edge.to));
      ++waiting[static_cast<size_t>(edge.to)];
    }
    std::vector<size_t> ready;
    for (size_t k = 0; k < count; ++k) {
      if (waiting[k] == 0) ready.push_back(k);
    }
    for (size_t next = 0; next < ready.size(); ++next) {
      for (size_t user : users[ready[next]]) {
        items_[user].layer = std::max(items_[user].layer, items_[ready[next]].layer + 1);
        if (--waiting[user] == 0) ready.push_back(user);
      }
    }
    for (size_t k = 0; k < count; ++k) {
      items_[k].width = graph_.boxes[k].width;
      if (graph_.boxes[k].has_operands || users[k].empty()) continue;
      int first = items_[users[k][0]].layer;
      for (size_t user : users[k]) first = std::min(first, items_[user].layer);
      items_[k].layer = first - 1;
    }
  }

  void add_points() {
    for (const Boxes::Edge& edge : graph_.edges) {
      std::vector<size_t> path = {static_cast<size_t>(edge.from)};
      const auto to = static_cast<size_t>(edge.to);
      for (int layer = items_[path[0]].layer + 1; layer < items_[to].layer; ++layer) {
        path.push_back(items_.size());
        items_.push_back({0, layer, false, {}, {}, 0});
      }
      path.push_back(to);
      for (size_t k = 0; k + 1 < path.size(); ++k) {
        items_[path[k]].below.push_back(path[k + 1]);
        items_[path[k + 1]].above.push_back(path[k]);
      }
      paths_.push_back(std::move(path));
    }
    for (size_t k = 0; k < items_.size(); ++k) {
      const auto layer = static_cast<size_t>(items_[k].layer);
      if (layers_.size() <= layer) layers_.resize(layer + 1);
      layers_[layer].push_back(k);
    }
  }

  double mean_of(const std::vector<size_t>& neighbours, double otherwise) const {
    if (neighbours.empty()) return otherwise;
    double sum = 0;
    for (size_t neighbour : neighbours) sum += items_[neighbour].place;
    return sum / static_cast<double>(neighbours.size());
  }

  void number(const std::vector<size_t>& layer) {
    for (size_t k = 0; k < layer.size(); ++k) items_[layer[k]].place = static_cast<double>(k);
  }

  // How many pairs of edges between two layers cross.
  size_t crossings() const {
    size_t count = 0;
    for (const std::vector<size_t>& layer : layers_) {
      std::vector<double> ends;  // in the order in which the edges begin
      for (size_t item : layer) {
        std::vector<double> own;
        for (size_t below : items_[item].below) own.push_back(items_[below].place);
        for (double end : own) {
          count += static_cast<size_t>(
              std::count_if(ends.begin(), ends.end(), [&](double other) { return other > end; }));
        }
        ends.insert(ends.end(), own.begin(), own.end());
      }
    }
    return count;
  }

  void sort(std::vector<size_t>& layer, bool by_above) {
    std::vector<std::pair<double, size_t>> keys;
    for (size_t item : layer) {
      const Item& each = items_[item];
      keys.emplace_back(mean_of(by_above ? each.above : each.below, each.place), item);
    }
    // Equals keep their order: insertion.
    for (auto next = keys.begin(); next != keys.end(); ++next) {
      const auto is_before = [](const auto& a, const auto& b) { return a.first < b.first; };
      std::rotate(std::upper_bound(keys.begin(), next, *next, is_before), next, next + 1);
    }
    for (size_t k = 0; k < keys.size(); ++k) layer[k] = keys[k].second;
    number(layer);
  }

  // Sweeps down and up, and keeps the order with the fewest crossings.
  void order() {
    for (const std::vector<size_t>& layer : layers_) number(layer);
    std::vector<std::vector<size_t>> best = layers_;
    size_t fewest = crossings();
    for (int round = 0; round < ordering_rounds && fewest > 0; ++round) {
      const bool down = round % 2 == 0;
      for (size_t k = 1; k < layers_.size(); ++k) {
        sort(layers_[down ? k : layers_.size() - 1 - k], down);
      }
      const size_t now = crossings();
      if (now >= fewest) continue;
      fewest = now;
      best = layers_;
    }
    layers_ = std::move(best);
  }

  double distance(size_t left, size_t right) const {
    return (items_[left].width + items_[right].width) / 2 + gap;
  }

  // Items that have been pushed together, and where the first of them stands.
  struct Block {
    double wanted = 0;  // the sum of the wished places of the first, by weight
    double weight = 0;
    size_t first = 0;
    double place() const { return wanted / weight; }
  };

  // The places nearest to the wished ones, in least squares, that keep the order and the distances:
  // isotonic regression by pooling adjacent violators.
  void settle(const std::vector<size_t>& layer, const std::vector<double>& wishes) {
    std::vector<Block> blocks;
    std::vector<double> offsets = {0};  // from the first of the layer, packed
    for (size_t k = 1; k < layer.size(); ++k) {
      offsets.push_back(offsets.back() + distance(layer[k - 1], layer[k]));
    }
    for (size_t k = 0; k < layer.size(); ++k) {
      // Edges are to be straight before boxes are centred.
      const double weight = items_[layer[k]].is_box ? 1 : 3;
      blocks.push_back({(wishes[k] - offsets[k]) * weight, weight, k});
      while (blocks.size() > 1 && blocks[blocks.size() - 2].place() > blocks.back().place()) {
        const Block last = blocks.back();
        blocks.pop_back();
        blocks.back().wanted += last.wanted;
        blocks.back().weight += last.weight;
      }
    }
    for (size_t b = 0; b < blocks.size(); ++b) {
      const size_t end = b + 1 < blocks.size() ? blocks[b + 1].first : layer.size();
      for (size_t k = blocks[b].first; k < end; ++k) {
        items_[layer[k]].place = blocks[b].place() + offsets[k];
      }
    }
  }

  void place() {
    for (const std::vector<size_t>& layer : layers_) {
      settle(layer, std::vector<double>(layer.size(), 0));
    }
    for (int round = 0; round < placing_rounds; ++round) {
      const bool down = round % 2 == 0;
      for (size_t k = 0; k < layers_.size(); ++k) {
        const std::vector<size_t>& layer = layers_[down ? k : layers_.size() - 1 - k];
        std::vector<double> wishes;
        for (size_t item : layer) {
          const Item& each = items_[item];
          const auto& first = down ? each.above : each.below;
          const auto& second = down ? each.below : each.above;
          wishes.push_back(mean_of(first, mean_of(second, each.place)));
        }
        settle(layer, wishes);
      }
    }
  }

  Layout drawn() const {
    Layout layout;
    double left = 0;
    double right = 0;
    for (const Item& item : items_) {
      left = std::min(left, item.place - item.width / 2);
      right = std::max(right, item.place + item.width / 2);
    }
    std::vector<Point> tops;  // of layers, and their heights
    double y = margin;
    for (const std::vector<size_t>& layer : layers_) {
      double height = 0;
      for (size_t item : layer) {
        if (items_[item].is_box) height = std::max(height, graph_.boxes[item].height);
      }
      tops.push_back({height, y});
      y += height + layer_gap;
    }
    const auto middle = [&](size_t item) -> Point {
      const Point& top = tops[static_cast<size_t>(items_[item].layer)];
      return {items_[item].place - left + margin, top.y + top.x / 2};
    };
    for (size_t k = 0; k < graph_.boxes.size(); ++k) layout.boxes.push_back(middle(k));
    for (const std::vector<size_t>& path : paths_) {
      std::vector<Point> points;
      for (size_t item : path) points.push_back(middle(item));
      points.front().y += graph_.boxes[path.front()].height / 2;
      points.back().y -= graph_.boxes[path.back()].height / 2;
      layout.edges.push_back(std::move(points));
    }
    layout.width = right - left + 2 * margin;
    layout.height = y - layer_gap + margin;
    return layout;
  }

  const Boxes& graph_;
  std::vector<Item> items_;
  std::vector<std::vector<size_t>> layers_;
  std::vector<std::vector<size_t>> paths_;  // of edges
};

}  // namespace

Layout layered(const Boxes& boxes) { return Layering(boxes).layout(); }

}  // namespace gradus::document
